# Programs that run operations on secrets under valgrind, one per build of the addon: of the objects that its module is
# linked from, but those that need Node.
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
set(folder test/native/secret_dependence)
add_library(skissm_secret_dependence_part OBJECT
  ${folder}/kem_cases.cc
  ${folder}/main.cc
  ${folder}/planted_cases.cc
  ${folder}/published.cc
  ${folder}/random.cc
  ${folder}/secrets.cc
  ${folder}/signature_cases.cc
  ${folder}/symmetric_cases.cc)
skissm_compile_ours(skissm_secret_dependence_part)
target_include_directories(skissm_secret_dependence_part PRIVATE test/native)

set(wrapped mbedtls_aesni_has_support)
foreach(hash SHA2 SHAKE)
  foreach(size 128F 128S 192F 192S 256F 256S)
    foreach(name gen_message_random merkle_sign)
      list(APPEND wrapped PQCLEAN_SPHINCS${hash}${size}SIMPLE_CLEAN_${name})
    endforeach()
  endforeach()
endforeach()
list(TRANSFORM wrapped PREPEND "-Wl,--wrap=")

add_custom_target(secret_dependence)
# skissm_secret_dependence(<ending> <PQClean> <source or object>...)
function(skissm_secret_dependence ending pqclean)
  add_executable(secret_dependence_${ending} EXCLUDE_FROM_ALL ${ARGN} $<TARGET_OBJECTS:skissm_secret_dependence_part>
    "$<FILTER:$<TARGET_OBJECTS:skissm_native>,INCLUDE,/native/(accelerated|operation|random|scheme)/>")
  skissm_compile_ours(secret_dependence_${ending})
  target_link_libraries(secret_dependence_${ending} PRIVATE ${pqclean})
  target_link_options(secret_dependence_${ending} PRIVATE ${wrapped})
  add_dependencies(secret_dependence secret_dependence_${ending})
endfunction()

skissm_secret_dependence(portable skissm_pqclean native/accelerated/portable_build.cc)
if(SKISSM_HAS_V3)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${SKISSM_LTO})
  skissm_secret_dependence(v3 skissm_pqclean_v3 native/accelerated/x86_64_v3_build.cc ${four_way_objects})
endif()
