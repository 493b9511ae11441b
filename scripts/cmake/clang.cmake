# Picks the newest installed Clang from 16 on; older ones, which Debian 12 calls clang++, lack parts of C++20.
find_program(SIGNALLER_CLANGXX
    NAMES clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++
    DOC "Clang 16 or newer" REQUIRED)
execute_process(COMMAND ${SIGNALLER_CLANGXX} -dumpversion OUTPUT_VARIABLE signaller_clang_version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(signaller_clang_version VERSION_LESS 16)
    message(FATAL_ERROR "${SIGNALLER_CLANGXX} is version ${signaller_clang_version}, 16 or newer is needed")
endif()
set(CMAKE_CXX_COMPILER ${SIGNALLER_CLANGXX})
