import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Where a cast is part of the job: the addon boundary, generated protobuf code, rows of a database driver, results of typed jobs. */
const castsAllowed = [
  'lib/base/brand.ts',
  'lib/crypto/native.ts',
  'lib/crypto/job.ts',
  'lib/wire/**',
  'lib/store/*/**',
  'test/**',
  'bench/**',
];

export default tseslint.config(
  { ignores: ['node_modules/**', 'dist/**', 'build/**', 'lib/wire/generated/**'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A generator that yields nothing is a computation without expensive work; it keeps one calling convention.
      'require-yield': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  { files: castsAllowed, rules: { '@typescript-eslint/consistent-type-assertions': 'off' } },
  {
    files: ['test/**', 'bench/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
);
