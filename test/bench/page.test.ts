import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { page } from '../../bench/html/page.js';
import { fixture } from './fixture.js';

const html = page(fixture);

describe('the page of a report', () => {
  test('needs nothing from elsewhere and runs nothing', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(\s*['"]?(?!#)/u);
    // The names of XML namespaces are no addresses of anything that is fetched.
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"|https?:\/\/[^\s"<]+/gu)].map(([whole, target]) => target ?? whole);
    expect(addresses.filter((address) => !address.startsWith('#') && !address.startsWith('http://www.w3.org/'))).toEqual([]);
  });

  test('says where and when', () => {
    expect(html).toContain('2026-01-02 03:04:05 UTC');
    expect(html).toContain('v20.19.0, OpenSSL 3.0.0');
    expect(html).toContain('@matrix-org/olm 3.2.15');
  });

  test('escapes what it is given', () => {
    expect(html).toContain('Processor &lt;script&gt;alert(1)&lt;/script&gt; &amp; Co.');
    expect(html).toContain('a message &amp; its &lt;answer&gt;');
  });

  test('has every finding in a table', () => {
    const headings = new Set([...html.matchAll(/<th scope="row">([^<]*)<\/th>/gu)].map(([, text]) => text));
    const named = [...fixture.results, ...fixture.latency, ...fixture.quantities].map(({ name }) => name);
    expect(named.filter((name) => !headings.has(name))).toEqual([]);
    expect(fixture.sizes.map(({ suite, algorithm }) => suite ?? algorithm).filter((name) => !headings.has(name))).toEqual([]);
    for (const text of ['1,235', '9,876', '0.0123', '4.50', '45.6']) expect(html).toContain(`<td class="number">${text}</td>`);
  });

  test('has a drawing for a screen and one for a telephone of every chart', () => {
    const count = (pattern: RegExp): number => [...html.matchAll(pattern)].length;
    expect(count(/<figure>/gu)).toBeGreaterThan(5);
    expect(count(/<div class="wide"[^>]*><svg/gu)).toBe(count(/<figure>/gu));
    expect(count(/<div class="narrow"[^>]*><svg/gu)).toBe(count(/<figure>/gu));
    expect(html).not.toMatch(/NaN|undefined/u);
  });

  test('is a page also when only one thing was measured', () => {
    const one = page({ ...fixture, results: fixture.results.slice(0, 1), sizes: [], quantities: [], latency: [] });
    expect(one).toContain('session.roundtrip.64B');
    expect(one).not.toMatch(/NaN|undefined/u);
  });
});

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0);

(browser === undefined ? describe.skip : describe)('in Chromium (skipped where it is not installed)', () => {
  test('nothing is wider than a telephone but what scrolls by itself, and one drawing of each chart is shown', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skissm-page-'));
    const probe = `<script>addEventListener('load', () => {
      const shown = (name) => [...document.querySelectorAll('.' + name)].filter((one) => one.offsetHeight > 0).length;
      document.title = JSON.stringify({ wide: document.documentElement.scrollWidth > innerWidth, figures: document.querySelectorAll('figure').length,
        drawings: shown('wide') + shown('narrow') });
    });</script>`;
    try {
      writeFileSync(path.join(folder, 'page.html'), html.replace('</body>', `${probe}</body>`));
      const frame = `<iframe src="page.html" width="360" height="800" onload="document.title = this.contentDocument.title"></iframe>`;
      writeFileSync(path.join(folder, 'frame.html'), `<!doctype html><title></title><body>${frame}`);
      const { stdout } = spawnSync(
        browser ?? '',
        [
          ...['--headless', '--no-sandbox', '--disable-gpu', '--allow-file-access-from-files', '--virtual-time-budget=10000', '--dump-dom'],
          `--user-data-dir=${path.join(folder, 'profile')}`,
          `file://${folder}/frame.html`,
        ],
        { encoding: 'utf8' },
      );
      const title = /<title>(.*?)<\/title>/u.exec(stdout)?.[1] ?? '{}';
      const found = JSON.parse(title) as { readonly wide: boolean; readonly figures: number; readonly drawings: number };
      expect(found.wide).toBe(false);
      expect(found.figures).toBeGreaterThan(5);
      expect(found.drawings).toBe(found.figures);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
