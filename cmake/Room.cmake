# Warnings, sanitizers and linker for everything that we compile, and one function that makes a
# folder of the house into one static library.
add_library(reachproof_flags INTERFACE)
target_include_directories(reachproof_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(reachproof_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wimplicit-fallthrough
  -fno-omit-frame-pointer)
target_compile_definitions(reachproof_flags INTERFACE
  REACHPROOF_VERSION="${PROJECT_VERSION}" BOOST_ASIO_NO_DEPRECATED)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND REACHPROOF_SANITIZE)
  # False positives inside libstdc++ once sanitizers inline it (GCC bugs 105329, 105651).
  target_compile_options(reachproof_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-tsan)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "-O[23]")
  # The same in string concatenation (GCC bug 105651).
  target_compile_options(reachproof_flags INTERFACE -Wno-restrict)
endif()
if(REACHPROOF_SANITIZE)
  target_compile_options(reachproof_flags INTERFACE
    -fsanitize=${REACHPROOF_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(reachproof_flags INTERFACE -fsanitize=${REACHPROOF_SANITIZE})
endif()
if(REACHPROOF_COVERAGE)
  target_compile_options(reachproof_flags INTERFACE --coverage)
  target_link_options(reachproof_flags INTERFACE --coverage)
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(reachproof_flags INTERFACE -fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

function(reachproof_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;KNOWS;USES" ${ARGN})
  add_library(reachproof_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(reachproof_${name} PUBLIC reachproof_flags)
  foreach(room ${ROOM_KNOWS})
    target_link_libraries(reachproof_${name} PUBLIC reachproof_${room})
  endforeach()
  target_link_libraries(reachproof_${name} PRIVATE ${ROOM_USES})
endfunction()
