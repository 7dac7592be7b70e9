# One folder = one stage = one static library.

# Flags for our own code; generated code (ANTLR's) does not get the warnings.
add_library(polku_options INTERFACE)
target_include_directories(polku_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_compile_options(polku_options INTERFACE -ffp-contract=off)
if(POLKU_SANITIZE)
  target_compile_options(polku_options INTERFACE -fsanitize=${POLKU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(polku_options INTERFACE -fsanitize=${POLKU_SANITIZE})
endif()
set(POLKU_WARNINGS -Wall -Wextra -Werror)

# polku_stage(diag LINKS polku_base …): the library polku_diag of all .cc files in this folder.
function(polku_stage name)
  cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    add_library(polku_${name} INTERFACE)
    target_link_libraries(polku_${name} INTERFACE polku_options ${ARG_LINKS} ${ARG_PRIVATE_LINKS})
    return()
  endif()
  add_library(polku_${name} STATIC ${sources})
  target_link_libraries(polku_${name} PUBLIC polku_options ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  target_compile_options(polku_${name} PRIVATE ${POLKU_WARNINGS})
endfunction()

# polku_test(catalog_test LINKS polku_catalog): tests/unit/catalog_test.cc as a GoogleTest program run by ctest.
function(polku_test name)
  cmake_parse_arguments(ARG "" "" "LINKS;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    set(ARG_SOURCES ${name}.cc)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${POLKU_WARNINGS})
  target_compile_definitions(${name} PRIVATE POLKU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "POLKU=${CMAKE_BINARY_DIR}/polku")
endfunction()
