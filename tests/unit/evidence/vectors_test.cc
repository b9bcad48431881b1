// Published test vectors, read where they stand, and the worked example of the evidence format.
#include <boost/json.hpp>

#include "core/base64.h"
#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;
using Bytes = std::vector<std::uint8_t>;

std::filesystem::path vectors() {
  const char* shared = std::getenv("REACHPROOF_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : REACHPROOF_SHARED_DEFAULT) /
         "schemas/vectors";
}

json::object document(const std::filesystem::path& path) {
  return json::parse(test::bytes_of(path.string())).as_object();
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

#define NEED(path)                                                                              \
  if (!std::filesystem::exists(path)) {                                                         \
    GTEST_SKIP() << "the published vectors are not here: " << (path) << " (REACHPROOF_SHARED)"; \
  }

/// Base64 as the published files have it; what is none of it becomes no bytes.
Bytes bytes_in(const json::value& value) {
  return value.is_null() ? Bytes{} : core::from_base64(text_of(value)).value_or(Bytes{});
}

ProofElements proof_in(const json::value& value) {
  ProofElements proof;
  if (value.is_null()) return proof;
  for (const auto& element : value.as_array()) proof.push_back(bytes_in(element));
  return proof;
}

struct Agreement {
  int cases = 0;
  std::vector<std::string> differ;
};

template <class Verify>
Agreement agreement(const std::filesystem::path& folder, Verify verify) {
  Agreement result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const auto vector = document(entry.path());
    ++result.cases;
    if (verify(vector) == vector.at("wantErr").as_bool()) {
      result.differ.push_back(std::filesystem::relative(entry.path(), folder).string());
    }
  }
  return result;
}

std::uint64_t number(const json::object& vector, const char* field) {
  return vector.at(field).to_number<std::uint64_t>();
}

TEST(PublishedVectors, InclusionAgreesInAllOf98) {
  NEED(vectors() / "merkle/inclusion");
  const auto result = agreement(vectors() / "merkle/inclusion", [](const json::object& v) {
    return verify_inclusion(number(v, "leafIdx"), number(v, "treeSize"), bytes_in(v.at("leafHash")),
                            proof_in(v.at("proof")), bytes_in(v.at("root")));
  });
  EXPECT_EQ(result.cases, 98);
  EXPECT_THAT(result.differ, testing::IsEmpty());
}

TEST(PublishedVectors, ConsistencyAgreesInAllOf98ButTheOneWithPlaceholdersForRoots) {
  NEED(vectors() / "merkle/consistency");
  const auto result = agreement(vectors() / "merkle/consistency", [](const json::object& v) {
    return verify_consistency(number(v, "size1"), number(v, "size2"), bytes_in(v.at("root1")),
                              bytes_in(v.at("root2")), proof_in(v.at("proof")));
  });
  EXPECT_EQ(result.cases, 98);
  EXPECT_THAT(result.differ,
              testing::ElementsAre("additional/sizes-are-equal-one-and-proof-is-empty.json"));
}

TEST(PublishedVectors, HashingAgreesWithTheConstants) {
  NEED(vectors() / "merkle/constants.json");
  const auto constants = document(vectors() / "merkle/constants.json");
  TreeFrontier tree;
  std::size_t size = 0;
  EXPECT_EQ(core::hex(tree.root()), text_of(constants.at("roots").as_array()[size]));
  for (const auto& input : constants.at("leaf_inputs").as_array()) {
    const auto bytes = *core::from_hex(text_of(input));
    const auto leaf = leaf_hash(std::string(bytes.begin(), bytes.end()));
    const auto& nodes = constants.at("node_hashes").as_array();
    EXPECT_EQ(core::hex(leaf), text_of(nodes[0].as_array()[size]));
    tree.add(leaf, [&](const TreeFrontier::Node& node) {
      const auto& level = nodes[static_cast<std::size_t>(node.level)].as_array();
      EXPECT_EQ(core::hex(node.hash), text_of(level[node.n]));
    });
    EXPECT_EQ(core::hex(tree.root()), text_of(constants.at("roots").as_array()[++size]));
  }
  EXPECT_EQ(size, 8U);
}

TEST(PublishedVectors, AWholeLogOfOthersVerifiesAtEverySize) {
  NEED(vectors() / "tessera/vectors.json");
  const auto log = document(vectors() / "tessera/vectors.json");
  const auto key = VerifierKey::parse(text_of(log.at("vkey")));
  ASSERT_TRUE(key.has_value());
  TreeFrontier tree;
  const auto& leaves = log.at("leaves").as_array();
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    const auto file = vectors() / "tessera/log" / ("checkpoint." + std::to_string(size));
    const auto text = open_note(test::bytes_of(file.string()), {*key});
    ASSERT_TRUE(text.has_value()) << size << ": " << text.error().message;
    const auto checkpoint = Checkpoint::parse(*text);
    ASSERT_TRUE(checkpoint.has_value());
    EXPECT_EQ(checkpoint->origin, text_of(log.at("origin")));
    EXPECT_EQ(checkpoint->size, size);
    EXPECT_EQ(checkpoint->root, tree.root());
    EXPECT_EQ(core::hex(tree.root()), text_of(log.at("roots").as_array()[size]));
    if (size < leaves.size()) tree.add(leaf_hash(text_of(leaves[size])), [](const auto&) {});
  }
}

TEST(PublishedVectors, TheSignedNoteOfC2spIsOpened) {
  NEED(vectors() / "note/signed-note.json");
  const auto note = document(vectors() / "note/signed-note.json");
  const auto key = VerifierKey::parse(text_of(note.at("vkey")));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->text(), text_of(note.at("vkey")));
  EXPECT_EQ(*open_note(text_of(note.at("note")), {*key}), text_of(note.at("text")));
}

// Section 13 of the evidence format, byte for byte.
const std::vector<std::string> kBodies{
    R"({"kind":"run-started","run":"r-0001","time":"2026-11-30T00:00:00.000Z","v":1})",
    R"({"check":"X03 vendor-vpn ehr-app tcp/443","kind":"verdict","proof":"proved","reachability":"blocked","result":"pass","run":"r-0001","v":1})",
    R"({"kind":"run-finished","run":"r-0001","time":"2026-11-30T00:00:09.250Z","v":1})"};
constexpr const char* kProof =
    "c2sp.org/tlog-proof@v1\nindex 1\n"
    "9VsppAVkTC7wYW4ke/6qOjBRpGozuW+RKSBHWt/qw7g=\nHMDQcxLzVcFmqJngGh2hhLFmvoUTkkxkUYHa8bQzwc4=\n\n"
    "example.com/reachproof/demo\n3\nMSQbPCRwpCpAypEIrCDaxRLb+hAxYUhLppaouzq2gxk=\n\n"
    "\xe2\x80\x94 example.com/reachproof/demo "
    "KK/"
    "Iw9TNLQo4UfPM05JF3LZ2uZ90uJesLslZF5W6yD71L3eQ4bxqajFVGJ5oykurbXXcHP0sc8Z8UZg24J8t2LogRAU=\n";

TEST(WorkedExample, HashesAreThoseOfTheFormat) {
  EXPECT_EQ(kBodies[0].size() + kBodies[1].size() + kBodies[2].size(), 77U + 138U + 78U);
  std::vector<Hash> leaves;
  for (const auto& body : kBodies) leaves.push_back(leaf_hash(body));
  EXPECT_EQ(core::hex(leaves[0]),
            "f55b29a405644c2ef0616e247bfeaa3a3051a46a33b96f912920475adfeac3b8");
  EXPECT_EQ(core::hex(leaves[1]),
            "9762cb3cd4cf6301195dab49aba539b449e0a35fe1d6f19718eab6d321a94fdc");
  EXPECT_EQ(core::hex(leaves[2]),
            "1cc0d07312f355c166a899e01a1da184b166be8513924c645181daf1b433c1ce");
  EXPECT_EQ(core::hex(node_hash(leaves[0], leaves[1])),
            "d4fa1d33c5ee7a8113794fb00e08ec09cf7109207b7df80885d40ef9854e0c6d");
  EXPECT_EQ(core::hex(tree_root(leaves)),
            "31241b3c2470a42a40ca9108ac20dac512dbfa103161484ba696a8bb3ab68319");
}

TEST(WorkedExample, AStoredLogGivesTheProofFileByteForByte) {
  const test::Folder folder;
  const auto path = folder.file("log.db");
  auto log = test::open_log(path);
  std::vector<Record> records;
  for (const auto& body : kBodies) records.push_back({"record", body});
  ASSERT_TRUE(log.append(records, {}).has_value());
  const auto note = log.sign(test::test_key(), {});
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->size(), 201U);
  EXPECT_EQ(core::hex(sha256(*note)),
            "0df963ddacae68a70cb07db70e87df5902a122802a1a650f8a98b8b2f590ca24");
  const auto reader = LogReader::open(path);
  const auto proof = inclusion_proof(1, 3, reader->node_reader());
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof_file(1, *proof, *note), kProof);
  const auto leaf = [](int i) { return leaf_hash(kBodies[static_cast<std::size_t>(i)]); };
  EXPECT_EQ(*consistency_proof(1, 3, reader->node_reader()), (std::vector{leaf(1), leaf(2)}));
  EXPECT_EQ(*consistency_proof(2, 3, reader->node_reader()), (std::vector{leaf(2)}));
}

TEST(WorkedExample, TheKeyIsThatOfTheFormat) {
  EXPECT_EQ(core::hex(test::test_key().verifier().public_key),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

}  // namespace
}  // namespace reachproof::evidence
