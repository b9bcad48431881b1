// A disk that fails: every write, sync, truncation and removal in turn, once or from then on, as an
// error or as a full disk. What was acknowledged is there afterwards, and nothing half.
#include <sqlite3.h>

#include <cstring>
#include <map>

#include "evidence/prune.h"
#include "tests/support/judged_log.h"

namespace reachproof::evidence {
namespace {

enum class Fault : std::uint8_t { IoError, Full };

/// SQLite's own file system with a fault at the n-th call that changes the disk.
/// https://www.sqlite.org/vfs.html; the real one does the work.
class FailingDisk {
 public:
  FailingDisk() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = "failing";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
      return self(vfs)->open(name, reinterpret_cast<File*>(file), flags, out);
    };
    vfs_.xDelete = [](sqlite3_vfs* vfs, const char* name, int sync) {
      auto* disk = self(vfs);
      if (disk->fails()) return SQLITE_IOERR_DELETE;
      return disk->real_->xDelete(disk->real_, name, sync);
    };
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FailingDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  /// From now on the n-th call fails (from 1; 0: none), and those after it where `stays`.
  void fail_at(int call, Fault fault, bool stays) {
    at_ = call;
    fault_ = fault;
    stays_ = stays;
    calls_ = 0;
  }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  struct File {
    sqlite3_file base{};
    FailingDisk* disk = nullptr;
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static FailingDisk* self(sqlite3_vfs* vfs) { return static_cast<FailingDisk*>(vfs->pAppData); }
  static File* own(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return own(file)->real(); }

  bool fails() {
    ++calls_;
    return at_ != 0 && (calls_ == at_ || (stays_ && calls_ > at_));
  }
  [[nodiscard]] int code(int io_error) const {
    return fault_ == Fault::Full ? SQLITE_FULL : io_error;
  }

  int open(const char* name, File* file, int flags, int* out) {
    file->disk = this;
    const int opened = real_->xOpen(real_, name, file->real(), flags, out);
    file->base.pMethods = file->real()->pMethods == nullptr ? nullptr : methods();
    return opened;
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods made{
        .iVersion = 2,
        .xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
        .xRead = [](sqlite3_file* f, void* to, int size,
                    sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, size, at); },
        .xWrite =
            [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
              auto* disk = own(f)->disk;
              if (!disk->fails()) return real(f)->pMethods->xWrite(real(f), from, size, at);
              // As disks do it: a part of it may be there.
              static_cast<void>(real(f)->pMethods->xWrite(real(f), from, size / 2, at));
              return disk->code(SQLITE_IOERR_WRITE);
            },
        .xTruncate =
            [](sqlite3_file* f, sqlite3_int64 size) {
              if (own(f)->disk->fails()) return own(f)->disk->code(SQLITE_IOERR_TRUNCATE);
              return real(f)->pMethods->xTruncate(real(f), size);
            },
        .xSync =
            [](sqlite3_file* f, int flags) {
              if (own(f)->disk->fails()) return own(f)->disk->code(SQLITE_IOERR_FSYNC);
              return real(f)->pMethods->xSync(real(f), flags);
            },
        .xFileSize =
            [](sqlite3_file* f, sqlite3_int64* size) {
              return real(f)->pMethods->xFileSize(real(f), size);
            },
        .xLock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); },
        .xUnlock = [](sqlite3_file* f,
                      int lock) { return real(f)->pMethods->xUnlock(real(f), lock); },
        .xCheckReservedLock =
            [](sqlite3_file* f, int* out) {
              return real(f)->pMethods->xCheckReservedLock(real(f), out);
            },
        .xFileControl =
            [](sqlite3_file* f, int what, void* with) {
              return real(f)->pMethods->xFileControl(real(f), what, with);
            },
        .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
        .xDeviceCharacteristics =
            [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
        .xShmMap =
            [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
              return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
            },
        .xShmLock =
            [](sqlite3_file* f, int at, int count, int flags) {
              return real(f)->pMethods->xShmLock(real(f), at, count, flags);
            },
        .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
        .xShmUnmap = [](sqlite3_file* f,
                        int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    };
    return &made;
  }

  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
  int at_ = 0;
  int calls_ = 0;
  Fault fault_ = Fault::IoError;
  bool stays_ = false;
};

/// What a writer was told is done.
struct Acknowledged {
  std::map<LeafIndex, std::string> bodies;  ///< by the place that it was told
  std::vector<std::string> notes;
  std::string error;
};

constexpr int kBatches = 12;
constexpr int kBatch = 7;

std::vector<Record> batch(int number) {
  std::vector<Record> records;
  for (int i = 0; i < kBatch; ++i) records.push_back(test::record(number * kBatch + i));
  std::string items;
  for (int i = 0; i < 900; ++i) items += "," + std::to_string(i * 7919 + number);
  records.push_back({"observations", R"({"items":[0)" + items + R"(],"kind":"observations"})"});
  return records;
}

Acknowledged write_log(const std::string& path) {
  Acknowledged done;
  auto log = Log::open(path, "writer");
  if (!log) {
    done.error = log.error().message;
    return done;
  }
  for (int number = 0; number < kBatches; ++number) {
    // What failed is told, and the next is tried with the same log, as a service does.
    const auto records = batch(number);
    auto kept = log->append(records, {});
    if (!kept) {
      done.error = kept.error().message;
      continue;
    }
    for (const auto& record : records) done.bodies[(*kept)++] = record.body;
    if (number % 3 != 2) continue;
    if (const auto note = log->sign(test::test_key(), {})) {
      done.notes.push_back(*note);
    } else {
      done.error = note.error().message;
    }
  }
  return done;
}

/// The log as it is found once the disk is sound again.
void expect_nothing_lost(const std::string& path, const Acknowledged& done) {
  auto log = Log::open(path, "afterwards");
  ASSERT_TRUE(log.has_value()) << log.error().message;
  ASSERT_GE(log->size(), done.bodies.size());
  ASSERT_EQ(log->size() % (kBatch + 1), 0U) << "a batch is there whole or not at all";
  const auto reader = *LogReader::open(path);
  for (const auto& [place, body] : done.bodies) {
    ASSERT_EQ(reader.read(place)->body, body) << place;
  }
  const auto notes = *reader.checkpoints();
  for (const auto& note : done.notes) {
    ASSERT_THAT(notes, testing::Contains(note));
  }
  ASSERT_TRUE(log->append(batch(99), {}).has_value()) << "it goes on";
  ASSERT_TRUE(log->sign(test::test_key(), {}).has_value());
  ASSERT_EQ(test::problems(path), "");
}

class FailingDiskTest : public testing::TestWithParam<std::tuple<Fault, bool>> {
 protected:
  FailingDisk disk_;
};

TEST_P(FailingDiskTest, WhateverFailsWhileALogIsWrittenNothingAcknowledgedIsLost) {
  const auto [fault, stays] = GetParam();
  int faults_told = 0;
  int calls = 1;
  for (int at = 0; at <= calls; ++at) {
    const test::Folder folder;
    const auto path = folder.file("log.db");
    disk_.fail_at(at, fault, stays);
    const auto done = write_log(path);
    // The first round has no fault: it counts the calls.
    if (at == 0) {
      calls = disk_.calls();
      ASSERT_EQ(done.error, "");
      ASSERT_GT(calls, 50);
    }
    if (!done.error.empty()) ++faults_told;
    disk_.fail_at(0, fault, false);
    ASSERT_NO_FATAL_FAILURE(expect_nothing_lost(path, done)) << "call " << at << ": " << done.error;
  }
  // Some of the calls only tidy up behind what is safe already, when the file is closed.
  EXPECT_GT(faults_told, calls / 2);
}

// Bodies go whole or stay whole, and the log verifies either way.
TEST_P(FailingDiskTest, WhateverFailsWhileALogIsPrunedItVerifiesAndThePruneCanBeFinished) {
  const auto [fault, stays] = GetParam();
  const auto now = test::at("2034-06-01T00:00:00.000Z");
  const auto alice = *AttestationKey::generate(KeyAlgorithm::Ed25519);
  const auto bob = *AttestationKey::generate(KeyAlgorithm::Ed25519);
  int calls = 1;
  for (int at = 0; at <= calls; ++at) {
    const test::Folder folder;
    disk_.fail_at(0, fault, false);
    const test::JudgedLog log(folder.file("log.db"));
    log.run({.id = "r-1", .started = "2026-01-10T02:00:00.000Z"});
    log.run({.id = "r-2", .started = "2026-02-10T02:00:00.000Z"});
    const auto key = *SignerKey::load(log.path() + ".key");
    const auto state = [&] {
      const auto reader = *LogReader::open(log.path());
      return Checkpoint{key.verifier().name, *reader.size(),
                        *root_at(*reader.size(), reader.node_reader())};
    };
    const PruneUse use{log.path(), "test", "root@host", now};
    const RetentionPolicy policy{
        .log = state(),
        .keep = {},
        .profiles = {},
        .approvers = {{"a", alice.verifier().pem()}, {"b", bob.verifier().pem()}}};
    ASSERT_TRUE(set_retention(use, policy.text(), {}, key).has_value());
    std::string proposal;
    {
      const auto reader = *LogReader::open(log.path());
      proposal = plan_prune(reader, *retention_of(reader), key.verifier().name, now)->proposal();
    }
    const std::vector<Approval> approvals{{"a", *alice.sign(proposal)}, {"b", *bob.sign(proposal)}};
    disk_.fail_at(at, fault, stays);
    const auto done = prune(use, proposal, approvals, key);
    if (at == 0) {
      calls = disk_.calls();
      ASSERT_TRUE(done.has_value());
    }
    disk_.fail_at(0, fault, false);
    ASSERT_EQ(test::problems(log.path(), key), "") << "call " << at;
    const auto finished = prune(use, proposal, approvals, key);
    ASSERT_TRUE(finished.has_value()) << "call " << at << ": " << finished.error().message;
    ASSERT_EQ(test::problems(log.path(), key), "") << "call " << at;
    ASSERT_THAT(verify_log(log.path(), key.verifier())->notes,
                testing::Contains(testing::HasSubstr("the bodies of 6 records were pruned")));
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingDiskTest,
                         testing::Combine(testing::Values(Fault::IoError, Fault::Full),
                                          testing::Bool()),
                         [](const auto& param) {
                           const bool full = std::get<0>(param.param) == Fault::Full;
                           return std::string(full ? "FullDisk" : "IoError") +
                                  (std::get<1>(param.param) ? "Stays" : "Once");
                         });

}  // namespace
}  // namespace reachproof::evidence
