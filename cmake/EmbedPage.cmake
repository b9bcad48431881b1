# cmake -DIN=page.html -DOUT=page.cc -P EmbedPage.cmake: one .cc that returns the file's text; an
# empty text where the file was not built.
set(text "")
if(EXISTS ${IN})
  file(READ ${IN} text)
endif()
file(WRITE ${OUT} "// Made from web/ by cmake/EmbedPage.cmake.\n#include \"cli/embedded.h\"\n\nnamespace reachproof::cli {\n\nstd::string_view report_page_text() {\n  return R\"embedded(${text})embedded\";\n}\n\n}  // namespace reachproof::cli\n")
