#include "evidence/timestamp.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include <array>
#include <ctime>
#include <memory>

#include "evidence/merkle.h"

namespace reachproof::evidence {
namespace {

constexpr std::size_t kReplyBytesMax = 256 * 1024;

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* it) const { free_it(it); }
};
template <class T, void (*free_it)(T*)>
using Owned = std::unique_ptr<T, Free<T, free_it>>;

using Request = Owned<TS_REQ, TS_REQ_free>;
using Response = Owned<TS_RESP, TS_RESP_free>;
using VerifyContext = Owned<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;
using Store = Owned<X509_STORE, X509_STORE_free>;
using StoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using Certificate = Owned<X509, X509_free>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Signers = std::unique_ptr<STACK_OF(X509), FreeStack>;
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using Chain = std::unique_ptr<STACK_OF(X509), FreeChain>;

/// The oldest error is the one nearest to the cause.
std::string said_by_openssl() {
  std::string said = "it does not verify";
  while (const auto code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) said = reason;
    const char* data = nullptr;
    int flags = 0;
    if (ERR_peek_error_data(&data, &flags) != 0 && data != nullptr && *data != '\0') {
      said += fmt::format(" ({})", data);
    }
  }
  return said;
}

tl::unexpected<Error> bad(std::string_view what) {
  ERR_clear_error();
  return fail(ErrorCode::Corrupt, fmt::format("the time stamp is not valid: {}", what));
}

std::string der_of(TS_REQ* request) {
  unsigned char* bytes = nullptr;
  const int size = i2d_TS_REQ(request, &bytes);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

bool set_imprint(TS_REQ* request, const Hash& digest) {
  const Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free> imprint(TS_MSG_IMPRINT_new());
  const Owned<X509_ALGOR, X509_ALGOR_free> algorithm(X509_ALGOR_new());
  if (!imprint || !algorithm) return false;
  X509_ALGOR_set_md(algorithm.get(), EVP_sha256());
  auto bytes = digest;
  return TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
         TS_MSG_IMPRINT_set_msg(imprint.get(), bytes.data(), static_cast<int>(bytes.size())) == 1 &&
         TS_REQ_set_msg_imprint(request, imprint.get()) == 1;
}

bool set_nonce(TS_REQ* request) {
  std::array<unsigned char, 8> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 0x40U);  // positive, and eight bytes
  const Owned<BIGNUM, BN_free> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> nonce(BN_to_ASN1_INTEGER(number.get(), nullptr));
  return nonce && TS_REQ_set_nonce(request, nonce.get()) == 1;
}

Result<Store> trusted_store(const TimestampTrust& trust) {
  Store store(X509_STORE_new());
  if (!store) return fail(ErrorCode::Internal, "OpenSSL has no memory");
  if (trust.ca_pem.empty()) {
    X509_STORE_set_default_paths(store.get());
    return store;
  }
  const Bio bio(BIO_new_mem_buf(trust.ca_pem.data(), static_cast<int>(trust.ca_pem.size())));
  int count = 0;
  while (const auto certificate =
             Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))) {
    X509_STORE_add_cert(store.get(), certificate.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0)
    return fail(ErrorCode::Config, "no certificate in PEM to believe a time stamp by");
  return store;
}

Result<Response> parsed(std::string_view reply) {
  if (reply.empty() || reply.size() > kReplyBytesMax) return bad("it has no sensible size");
  const auto* bytes = reinterpret_cast<const unsigned char*>(reply.data());
  const auto* const end = bytes + reply.size();
  Response response(d2i_TS_RESP(nullptr, &bytes, static_cast<long>(reply.size())));
  if (!response || bytes != end) return bad("not the answer of a time stamping authority");
  return response;
}

/// The authority's own words where it refused.
Result<void> granted(TS_RESP* response) {
  auto* status = TS_RESP_get_status_info(response);
  const long code = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
  if (code == TS_STATUS_GRANTED || code == TS_STATUS_GRANTED_WITH_MODS) {
    if (TS_RESP_get_tst_info(response) != nullptr) return {};
    return bad("it holds no token");
  }
  std::string why;
  const auto* texts = TS_STATUS_INFO_get0_text(status);
  for (int i = 0; i < sk_ASN1_UTF8STRING_num(texts); ++i) {
    const auto* text = sk_ASN1_UTF8STRING_value(texts, i);
    why += " " + std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                             static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return bad(fmt::format("the authority refused, with status {}{}", code, why.substr(0, 300)));
}

Result<core::WallTime> time_in(TS_RESP* response) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(TS_RESP_get_tst_info(response)), &parts) != 1) {
    return bad("it gives no time");
  }
  return core::WallTime(std::chrono::seconds(timegm(&parts)));
}

/// Builds the chain once more to see where it ends: the verification does not tell.
Result<std::string> root_of(TS_RESP* response, X509_STORE* store) {
  auto* token = TS_RESP_get_token(response);
  auto* certificates = token->d.sign->cert;
  const Signers signers(PKCS7_get0_signers(token, nullptr, 0));
  const StoreContext context(X509_STORE_CTX_new());
  if (!signers || !context || sk_X509_num(signers.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store, sk_X509_value(signers.get(), 0), certificates) !=
          1 ||
      X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_TIMESTAMP_SIGN) != 1 ||
      X509_verify_cert(context.get()) != 1) {
    return bad("the chain of its certificate ends nowhere");
  }
  const Chain chain(X509_STORE_CTX_get1_chain(context.get()));
  const Bio pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(pem.get(), sk_X509_value(chain.get(), sk_X509_num(chain.get()) - 1));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

/// `context` says what is wanted; the chain is judged as of the token's own time.
Result<Timestamp> verified(VerifyContext context, int flags, std::string_view reply,
                           const TimestampTrust& trust) {
  const auto response = parsed(reply);
  if (!response) return tl::unexpected(response.error());
  if (auto done = granted(response->get()); !done) return tl::unexpected(done.error());
  const auto time = time_in(response->get());
  if (!time) return tl::unexpected(time.error());
  const auto store = trusted_store(trust);
  if (!store) return tl::unexpected(store.error());
  X509_VERIFY_PARAM_set_time(
      X509_STORE_get0_param(store->get()),
      std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count());
  // The context takes a reference of its own, and lets go of it at its end.
  X509_STORE_up_ref(store->get());
  TS_VERIFY_CTX_set_store(context.get(), store->get());
  TS_VERIFY_CTX_set_flags(context.get(), flags | TS_VFY_SIGNATURE);
  ERR_clear_error();
  if (TS_RESP_verify_response(context.get(), response->get()) != 1) return bad(said_by_openssl());
  auto root = root_of(response->get(), store->get());
  if (!root) return tl::unexpected(root.error());
  return Timestamp{*time, std::move(*root)};
}

}  // namespace

Result<TimestampQuery> TimestampQuery::over(std::string_view data) {
  const Request request(TS_REQ_new());
  if (!request || TS_REQ_set_version(request.get(), 1) != 1 ||
      !set_imprint(request.get(), sha256(data)) || !set_nonce(request.get()) ||
      TS_REQ_set_cert_req(request.get(), 1) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::Internal, "OpenSSL could not make a time stamp request");
  }
  return TimestampQuery{der_of(request.get())};
}

Result<Timestamp> verify_reply(const TimestampQuery& query, std::string_view reply,
                               const TimestampTrust& trust) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(query.der.data());
  const Request request(d2i_TS_REQ(nullptr, &bytes, static_cast<long>(query.der.size())));
  if (!request) return fail(ErrorCode::Internal, "not a time stamp request");
  VerifyContext context(TS_REQ_to_TS_VERIFY_CTX(request.get(), nullptr));
  if (!context) return fail(ErrorCode::Internal, "OpenSSL has no memory");
  return verified(std::move(context), TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE, reply, trust);
}

Result<Timestamp> verify_token(std::string_view data, std::string_view reply,
                               const TimestampTrust& trust) {
  VerifyContext context(TS_VERIFY_CTX_new());
  const auto digest = sha256(data);
  // The context frees what it is given.
  auto* imprint = static_cast<unsigned char*>(OPENSSL_memdup(digest.data(), digest.size()));
  if (!context || imprint == nullptr) return fail(ErrorCode::Internal, "OpenSSL has no memory");
  TS_VERIFY_CTX_set_imprint(context.get(), imprint, static_cast<long>(digest.size()));
  return verified(std::move(context), TS_VFY_VERSION | TS_VFY_IMPRINT, reply, trust);
}

}  // namespace reachproof::evidence
