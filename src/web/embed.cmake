# Writes a C++ file that holds the given files: cmake -DOUTPUT=... -DROOT=... -DFILES="a;b" -P embed.cmake
set(arrays "")
set(table "")
set(index 0)
foreach(name IN LISTS FILES)
    file(READ "${ROOT}/${name}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND arrays "constexpr unsigned char file_${index}[] = {${bytes}0};\n")
    string(APPEND table "    {\"/${name}\", {reinterpret_cast<const char*>(file_${index}), sizeof file_${index} - 1}},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"web/embedded_files.hpp\"

namespace web {

namespace {
${arrays}
const embedded_file all_files[] = {
${table}};
}  // namespace

std::span<const embedded_file> embedded_files() { return all_files; }

}  // namespace web
")
