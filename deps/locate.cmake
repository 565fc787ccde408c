# skissm_locate(<variable> <npm package> <folder inside it> <vendored folder> <file that must be there>)
#
# Where a library's C source is: the copy that a published package carries, else the npm package of the lock file.
function(skissm_locate variable package folder vendored witness)
  if(EXISTS "${vendored}/${witness}")
    set(${variable} "${vendored}" PARENT_SCOPE)
    return()
  endif()
  find_program(SKISSM_NODE node REQUIRED)
  execute_process(
    COMMAND "${SKISSM_NODE}" -p "require('path').dirname(require.resolve('${package}/package.json'))"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT EXISTS "${root}/${folder}/${witness}")
    message(FATAL_ERROR "skissm: the C source of `${package}` is missing; run `npm ci --ignore-scripts` first")
  endif()
  set(${variable} "${root}/${folder}" PARENT_SCOPE)
endfunction()
