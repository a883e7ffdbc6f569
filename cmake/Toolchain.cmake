# Language level, warnings, sanitizers and caches: the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(LOGBOOM_WERROR "Treat warnings as errors" OFF)
option(LOGBOOM_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
set(LOGBOOM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_program(CCACHE ccache)
if(CCACHE)
  # Build folders beside each other share the cache: paths below the source tree count as relative.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(logboom_options INTERFACE)
target_include_directories(logboom_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(logboom_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wcast-qual -Wnull-dereference
  -Wformat=2 -Wundef -Wextra-semi
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op>
  $<$<BOOL:${LOGBOOM_WERROR}>:-Werror>)
# Hardening as Debian's: what listens on a network ships with it.
target_compile_options(logboom_options INTERFACE -fstack-protector-strong -fstack-clash-protection
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
target_link_options(logboom_options INTERFACE -Wl,-z,relro -Wl,-z,now)
if(LOGBOOM_SANITIZE)
  target_compile_options(logboom_options INTERFACE
    -fsanitize=${LOGBOOM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -D_GLIBCXX_ASSERTIONS)
  target_link_options(logboom_options INTERFACE -fsanitize=${LOGBOOM_SANITIZE})
endif()
if(LOGBOOM_FUZZ)
  target_compile_options(logboom_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
