# A room is a folder with one static library; a program is a folder's executable; a test executable
# mirrors a room. Each folder's CMakeLists.txt is one call of these.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)

# logboom_room(NAME SOURCES a.cpp ... [USES room ...] [LIBRARIES third-party ...])
# USES names other rooms by their target (as base, record, broker_storage); LIBRARIES stay private.
function(logboom_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC logboom_options fmt::fmt ${ROOM_USES}
                                PRIVATE ${ROOM_LIBRARIES})
endfunction()

# logboom_program(NAME SOURCES main.cpp ... USES room ... [LIBRARIES ...]): lands in bin/.
function(logboom_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE logboom_options ${PROGRAM_USES} ${PROGRAM_LIBRARIES})
endfunction()

# logboom_test(NAME SOURCES a_test.cpp ... USES room ... [LIBRARIES ...])
# Every TEST in it becomes one test of ctest's, found when the tests run, not when they are built.
function(logboom_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE logboom_options ${TEST_USES} ${TEST_LIBRARIES}
                                        GTest::gtest GTest::gtest_main Threads::Threads)
  target_compile_definitions(${name} PRIVATE LOGBOOM_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             LOGBOOM_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  # A test that can't run on a machine prints `NOT RUN: reason` and returns; see scripts/test.sh.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT 120 SKIP_REGULAR_EXPRESSION "NOT RUN:")
endfunction()
