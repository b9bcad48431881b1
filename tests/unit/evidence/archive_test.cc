// Archives from elsewhere are hostile: whatever leads out of the folder, or does not end, is
// refused.
#include "evidence/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

using testing::HasSubstr;

struct Thing {
  std::string name;
  std::string bytes;
  unsigned type = AE_IFREG;
  std::string link;
};

/// An archive as somebody writes it who means harm.
void write_archive(const std::string& path, const std::vector<Thing>& things) {
  auto* out = archive_write_new();
  archive_write_set_format_pax_restricted(out);
  archive_write_add_filter_zstd(out);
  ASSERT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const auto& thing : things) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, thing.name.c_str());
    archive_entry_set_filetype(entry, thing.type);
    archive_entry_set_perm(entry, 0777);
    archive_entry_set_size(entry, static_cast<la_int64_t>(thing.bytes.size()));
    if (thing.type == AE_IFLNK) archive_entry_set_symlink(entry, thing.link.c_str());
    if (thing.type == AE_IFREG && !thing.link.empty()) {
      archive_entry_set_hardlink(entry, thing.link.c_str());
    }
    ASSERT_EQ(archive_write_header(out, entry), ARCHIVE_OK);
    archive_write_data(out, thing.bytes.data(), thing.bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(out);
  archive_write_free(out);
}

class Archives : public testing::Test {
 protected:
  Result<void> unpacked(const std::vector<Thing>& things, const UnpackLimits& limits = {}) {
    write_archive(folder_.file("a"), things);
    const auto into = folder_.file("into");
    std::filesystem::remove_all(into);
    std::filesystem::create_directory(into);
    return unpack(folder_.file("a"), into, limits);
  }
  test::Folder folder_;
};

TEST_F(Archives, AreUnpackedAsTheyWerePacked) {
  auto writer = ArchiveWriter::create(folder_.file("a"), core::WallTime{});
  const std::string large(300'000, 'x');
  test::write_bytes(folder_.file("large"), large);
  ASSERT_TRUE(writer->add("b/one", "1").has_value());
  ASSERT_TRUE(writer->add("b/empty", "").has_value());
  ASSERT_TRUE(writer->add_file("b/c/large", folder_.file("large")).has_value());
  ASSERT_TRUE(writer->finish().has_value());
  std::filesystem::create_directory(folder_.file("into"));
  ASSERT_TRUE(unpack(folder_.file("a"), folder_.file("into")).has_value());
  EXPECT_EQ(test::bytes_of(folder_.file("into/b/one")), "1");
  EXPECT_EQ(test::bytes_of(folder_.file("into/b/empty")), "");
  EXPECT_EQ(test::bytes_of(folder_.file("into/b/c/large")), large);
}

TEST_F(Archives, OneThatIsNotFinishedIsNotThere) {
  test::write_bytes(folder_.file("a"), "what was there before");
  {
    auto writer = ArchiveWriter::create(folder_.file("a"), core::WallTime{});
    ASSERT_TRUE(writer->add("b/one", "1").has_value());
  }
  EXPECT_EQ(test::bytes_of(folder_.file("a")), "what was there before");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("a.part")));
}

TEST_F(Archives, NothingIsWrittenOutsideOfTheFolder) {
  for (const std::string name :
       {"../out", "b/../../out", "/tmp/reachproof-out", "b//c", "./b", "b/.", "b\\c", "b\x01"}) {
    EXPECT_FALSE(unpacked({{.name = name, .bytes = "x"}}).has_value()) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.file("out")));
  EXPECT_FALSE(std::filesystem::exists("/tmp/reachproof-out"));
}

TEST_F(Archives, LinksAndDevicesAreRefusedByName) {
  EXPECT_THAT(unpacked({{.name = "b/l", .bytes = "", .type = AE_IFLNK, .link = "/etc"},
                        {.name = "b/l/passwd", .bytes = "x"}})
                  .error()
                  .message,
              HasSubstr("`b/l` is neither a file nor a folder"));
  EXPECT_FALSE(unpacked({{.name = "b/h", .bytes = "", .link = "/etc/passwd"}}).has_value());
  EXPECT_FALSE(unpacked({{.name = "b/f", .bytes = "", .type = AE_IFIFO}}).has_value());
}

TEST_F(Archives, ANameThatStandsTwiceIsRefused) {
  EXPECT_THAT(
      unpacked({{.name = "b/x", .bytes = "1"}, {.name = "b/x", .bytes = "2"}}).error().message,
      HasSubstr("`b/x`"));
}

TEST_F(Archives, WhatUnpacksToTooMuchIsRefused) {
  EXPECT_TRUE(unpacked({{.name = "b/x", .bytes = std::string(1000, 'x')}}, {.bytes_max = 1000}));
  EXPECT_THAT(unpacked({{.name = "b/x", .bytes = std::string(1001, 'x')}}, {.bytes_max = 1000})
                  .error()
                  .message,
              HasSubstr("unpacks to too much"));
  EXPECT_THAT(
      unpacked({{.name = "b/x", .bytes = ""}, {.name = "b/y", .bytes = ""}}, {.files_max = 1})
          .error()
          .message,
      HasSubstr("too many files"));
}

TEST_F(Archives, NoiseIsNoArchive) {
  test::write_bytes(folder_.file("noise"), "\x28\xb5\x2f\xfdnoise");
  std::filesystem::create_directory(folder_.file("into"));
  EXPECT_FALSE(unpack(folder_.file("noise"), folder_.file("into")).has_value());
  EXPECT_FALSE(unpack(folder_.file("nowhere"), folder_.file("into")).has_value());
}

}  // namespace
}  // namespace reachproof::evidence
