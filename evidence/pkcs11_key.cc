#include "evidence/pkcs11_key.h"

#include <fmt/core.h>
#include <openssl/ecdsa.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <array>
#include <fstream>
#include <optional>
#include <vector>

#include "evidence/merkle.h"

namespace reachproof::evidence {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
/// DER of a SubjectPublicKeyInfo up to the key itself: Ed25519 (RFC 8410), and an uncompressed
/// point on P-256 (RFC 5480).
constexpr std::string_view kEd25519Prefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
constexpr std::string_view kP256Prefix(
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    "\x03\x42\x00",
    26);
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kSignatureBytes = 64;

using Uri = std::unique_ptr<P11KitUri, decltype(&p11_kit_uri_free)>;

Result<Uri> parsed(const std::string& text) {
  Uri uri(p11_kit_uri_new(), p11_kit_uri_free);
  const int status =
      p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_OBJECT_ON_TOKEN_AND_MODULE, uri.get());
  if (status == P11_KIT_URI_OK) return uri;
  return fail(ErrorCode::Config, fmt::format("`{}` is no PKCS #11 URI (RFC 7512): {}", text,
                                             p11_kit_uri_message(status)));
}

/// The PIN that the URI names, in itself or in a file; nothing where it names none.
Result<std::optional<std::string>> pin_of(P11KitUri* uri) {
  if (const char* value = p11_kit_uri_get_pin_value(uri)) return std::optional<std::string>(value);
  const char* source = p11_kit_uri_get_pin_source(uri);
  if (source == nullptr) return std::optional<std::string>();
  std::string path = source;
  if (path.starts_with("file:")) path.erase(0, path.starts_with("file://") ? 7 : 5);
  std::ifstream file(path);
  std::string pin;
  if (!std::getline(file, pin)) {
    return fail(ErrorCode::Unavailable, fmt::format("cannot read the PIN in `{}`", path));
  }
  return std::optional<std::string>(pin);
}

/// The modules to look in; they are let go of at the end.
class Modules {
 public:
  static Result<std::unique_ptr<Modules>> of(P11KitUri* uri) {
    auto modules = std::make_unique<Modules>();
    if (const char* path = p11_kit_uri_get_module_path(uri)) {
      auto* module = p11_kit_module_load(path, 0);
      if (module == nullptr || p11_kit_module_initialize(module) != CKR_OK) {
        if (module != nullptr) p11_kit_module_release(module);
        return fail(ErrorCode::Unavailable,
                    fmt::format("cannot load the PKCS #11 module `{}`", path));
      }
      modules->list_ = {module};
      modules->single_ = true;
      return modules;
    }
    modules->all_ = p11_kit_modules_load_and_initialize(0);
    for (auto** module = modules->all_; module != nullptr && *module != nullptr; ++module) {
      modules->list_.push_back(*module);
    }
    if (modules->list_.empty()) {
      return fail(ErrorCode::Unavailable,
                  "p11-kit knows no PKCS #11 module here (`p11-kit list-modules`)");
    }
    return modules;
  }
  Modules() = default;
  ~Modules() {
    if (all_ != nullptr) p11_kit_modules_finalize_and_release(all_);
    if (!single_) return;
    p11_kit_module_finalize(list_.front());
    p11_kit_module_release(list_.front());
  }
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;

  [[nodiscard]] const std::vector<CK_FUNCTION_LIST*>& list() const { return list_; }

 private:
  CK_FUNCTION_LIST** all_ = nullptr;
  std::vector<CK_FUNCTION_LIST*> list_;
  bool single_ = false;
};

tl::unexpected<Error> refused(std::string_view doing, CK_RV status) {
  return fail(ErrorCode::Unavailable,
              fmt::format("the token would not {}: {}", doing, p11_kit_strerror(status)));
}

}  // namespace

bool is_pkcs11_uri(std::string_view text) {
  return text.starts_with(kScheme);
}

/// A session on the token that holds the key.
struct Pkcs11Key::Token {
  std::unique_ptr<Modules> modules;
  CK_FUNCTION_LIST* module = nullptr;
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0;
  CK_KEY_TYPE type = 0;

  ~Token() {
    if (session != 0) module->C_CloseSession(session);
  }

  /// Opens a session where the token is the one that the URI names.
  Result<void> find_token(P11KitUri* uri) {
    for (auto* candidate : modules->list()) {
      std::array<CK_SLOT_ID, 64> slots{};
      CK_ULONG count = slots.size();
      if (candidate->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) continue;
      for (CK_ULONG i = 0; i < count; ++i) {
        CK_TOKEN_INFO info{};
        if (candidate->C_GetTokenInfo(slots[i], &info) != CKR_OK) continue;
        if (p11_kit_uri_match_token_info(uri, &info) != 1) continue;
        const auto status =
            candidate->C_OpenSession(slots[i], CKF_SERIAL_SESSION, nullptr, nullptr, &session);
        if (status != CKR_OK) return refused("open a session", status);
        module = candidate;
        return {};
      }
    }
    return fail(ErrorCode::Unavailable,
                "no token fits the URI (`p11-kit list-modules` shows them)");
  }

  Result<void> log_in(const std::optional<std::string>& pin) {
    if (!pin) return {};
    std::vector<unsigned char> digits(pin->begin(), pin->end());
    const auto status = module->C_Login(session, CKU_USER, digits.data(), digits.size());
    if (status == CKR_OK || status == CKR_USER_ALREADY_LOGGED_IN) return {};
    return refused("take the PIN", status);
  }

  Result<std::vector<CK_OBJECT_HANDLE>> find(std::vector<CK_ATTRIBUTE> wanted) {
    auto status = module->C_FindObjectsInit(session, wanted.data(), wanted.size());
    if (status != CKR_OK) return refused("be searched", status);
    std::array<CK_OBJECT_HANDLE, 8> found{};
    CK_ULONG count = 0;
    status = module->C_FindObjects(session, found.data(), found.size(), &count);
    module->C_FindObjectsFinal(session);
    if (status != CKR_OK) return refused("be searched", status);
    return std::vector<CK_OBJECT_HANDLE>(found.begin(),
                                         found.begin() + static_cast<std::ptrdiff_t>(count));
  }

  /// An attribute's bytes; empty where the object has none.
  [[nodiscard]] std::string attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type_of) const {
    CK_ATTRIBUTE wanted{type_of, nullptr, 0};
    if (module->C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return "";
    std::string bytes(wanted.ulValueLen, '\0');
    wanted.pValue = bytes.data();
    if (module->C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return "";
    return bytes;
  }

  /// Label and id as the URI has them.
  static std::vector<CK_ATTRIBUTE> named(P11KitUri* uri, CK_OBJECT_CLASS* kind) {
    std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, kind, sizeof *kind}};
    for (const CK_ATTRIBUTE_TYPE name : {CKA_LABEL, CKA_ID}) {
      if (const auto* given = p11_kit_uri_get_attribute(uri, name)) wanted.push_back(*given);
    }
    return wanted;
  }

  Result<void> find_key(P11KitUri* uri) {
    CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
    const auto keys = find(named(uri, &kind));
    if (!keys) return tl::unexpected(keys.error());
    if (keys->size() != 1) {
      return fail(ErrorCode::Config,
                  fmt::format("{} private keys of the token fit the URI; name one by `object` or "
                              "`id` (a private key shows only with its PIN: `pin-source`)",
                              keys->size()));
    }
    key = keys->front();
    const auto bytes = attribute(key, CKA_KEY_TYPE);
    if (bytes.size() == sizeof type) bytes.copy(reinterpret_cast<char*>(&type), sizeof type);
    if (type == CKK_EC_EDWARDS || type == CKK_EC) return {};
    return fail(ErrorCode::Config, "the key of the token is of another kind: Ed25519 or P-256");
  }

  /// The public half, which stands beside the private one under the same id.
  Result<std::string> public_der() {
    auto id = attribute(key, CKA_ID);
    CK_OBJECT_CLASS kind = CKO_PUBLIC_KEY;
    const auto keys = find({{CKA_CLASS, &kind, sizeof kind}, {CKA_ID, id.data(), id.size()}});
    if (!keys) return tl::unexpected(keys.error());
    auto point =
        keys->empty() ? attribute(key, CKA_EC_POINT) : attribute(keys->front(), CKA_EC_POINT);
    // CKA_EC_POINT is the point in an OCTET STRING; some tokens leave that out.
    const std::size_t size = type == CKK_EC ? kPointBytes : kEd25519Bytes;
    if (point.size() == size + 2 && point[0] == 0x04) point.erase(0, 2);
    if (point.size() != size) {
      return fail(ErrorCode::Config,
                  "the token holds no public key of Ed25519 or P-256 beside the "
                  "private one");
    }
    return std::string(type == CKK_EC ? kP256Prefix : kEd25519Prefix) + point;
  }
};

Pkcs11Key::~Pkcs11Key() = default;

Result<std::shared_ptr<const Pkcs11Key>> Pkcs11Key::open(const std::string& text) {
  const auto uri = parsed(text);
  if (!uri) return tl::unexpected(uri.error());
  const auto pin = pin_of(uri->get());
  if (!pin) return tl::unexpected(pin.error());
  auto modules = Modules::of(uri->get());
  if (!modules) return tl::unexpected(modules.error());
  std::shared_ptr<Pkcs11Key> key(new Pkcs11Key());
  key->uri_ = text;
  key->token_ = std::make_unique<Token>();
  auto& token = *key->token_;
  token.modules = std::move(*modules);
  if (auto found = token.find_token(uri->get()); !found) return tl::unexpected(found.error());
  if (auto open = token.log_in(*pin); !open) return tl::unexpected(open.error());
  if (auto found = token.find_key(uri->get()); !found) return tl::unexpected(found.error());
  auto der = token.public_der();
  if (!der) return tl::unexpected(der.error());
  key->public_der_ = std::move(*der);
  return key;
}

Result<std::string> Pkcs11Key::sign(std::string_view message) const {
  const bool edwards = token_->type == CKK_EC_EDWARDS;
  CK_MECHANISM mechanism{edwards ? CKM_EDDSA : CKM_ECDSA, nullptr, 0};
  auto status = token_->module->C_SignInit(token_->session, &mechanism, token_->key);
  if (status != CKR_OK) return refused("sign", status);
  const auto digest = sha256(message);
  std::string input(message);
  if (!edwards) input.assign(digest.begin(), digest.end());
  std::array<unsigned char, kSignatureBytes> raw{};
  CK_ULONG size = raw.size();
  status = token_->module->C_Sign(token_->session, reinterpret_cast<unsigned char*>(input.data()),
                                  input.size(), raw.data(), &size);
  if (status != CKR_OK || size != raw.size()) return refused("sign", status);
  if (edwards) return std::string(raw.begin(), raw.end());
  // PKCS #11 gives r and s side by side; X.509 and openssl have them in ASN.1.
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw.data(), 32, nullptr),
                 BN_bin2bn(raw.data() + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &der);
  if (length <= 0) return fail(ErrorCode::Internal, "OpenSSL could not write a signature");
  std::string signature(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return signature;
}

}  // namespace reachproof::evidence
