#include <curl/curl.h>
#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "host/https.h"
#include "probe/dialogue/conversation.h"
#include "probe/dialogue/dialogue.h"
#include "probe/dialogue/tls_watch.h"

// libcurl speaks HTTP and TLS over a socket that is connected already: the engine keeps what it
// knows of the connection, and nothing is resolved, proxied or followed.
namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

constexpr std::size_t kBodyBytesMax = 64U << 10U;
constexpr std::size_t kHeaderBytesMax = 64U << 10U;

std::string authority_of(const core::Ask& ask, const Peer& peer) {
  if (!ask.server_name.empty()) return ask.server_name;
  if (!peer.hostname.empty()) return peer.hostname;
  const auto text = peer.address.text();
  return peer.address.family() == core::Family::V6 ? "[" + text + "]" : text;
}

class Http : public Conversation {
 public:
  Http(const core::Ask& ask, const Peer& peer)
      : ask_(ask), peer_(peer), service_(http_service(ask.service)) {
    if (ask.layer == core::Layer::Http) service_ = nullptr;
  }
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  ~Http() override {
    if (multi_ != nullptr && easy_ != nullptr) curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }

  [[nodiscard]] bool ticks() const override { return true; }

  Want begin() override {
    host::initialise_curl();
    easy_ = curl_easy_init();
    multi_ = curl_multi_init();
    if (easy_ == nullptr || multi_ == nullptr) return fail("no HTTP client");
    set_options();
    if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) return fail("no HTTP client");
    next_stage();
    return proceed();
  }

  Want proceed() override {
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) return fail("the HTTP client failed");
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      conclude(message->data.result);
      return Want::Over;
    }
    return Want::Read;  // ticks do the rest
  }

  void expire() override {
    exchange_ = {.state = State::Silent, .says = "no answer in time"};
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 0) {
      conclude(CURLE_OK);  // the status came, and what follows drips
      return;
    }
    watch_.describe(exchange_);
  }

 private:
  Want fail(const char* what) {
    exchange_ = {.state = State::Failed, .says = what};
    return Want::Over;
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  void set_options() {
    const bool preset = service_ != nullptr;
    const auto path = preset && ask_.path == "/" ? std::string(service_->path) : ask_.path;
    const auto url = fmt::format("{}://{}:{}{}", ask_.over_tls ? "https" : "http",
                                 authority_of(ask_, peer_), peer_.port, path);
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_USERAGENT, "reachproof");
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    set(CURLOPT_SSL_ENABLE_ALPN, 1L);
    set(CURLOPT_SSL_CTX_FUNCTION, on_context);
    set(CURLOPT_SSL_CTX_DATA, &watch_);
    set(CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_SOCKOPTFUNCTION, on_socket);
    set(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, this);
    if (ask_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (ask_.method == "OPTIONS") set(CURLOPT_CUSTOMREQUEST, "OPTIONS");
    if (preset && !service_->header.empty()) {
      headers_ = curl_slist_append(headers_, std::string(service_->header).c_str());
    }
    for (const auto& header : ask_.headers) headers_ = curl_slist_append(headers_, header.c_str());
    if (headers_ != nullptr) set(CURLOPT_HTTPHEADER, headers_);
    // The name is not to be looked up: the connection stands.
    const auto known =
        fmt::format("{}:{}:{}", authority_of(ask_, peer_), peer_.port,
                    peer_.address.family() == core::Family::V6 ? "[" + peer_.address.text() + "]"
                                                               : peer_.address.text());
    resolved_.reset(curl_slist_append(nullptr, known.c_str()));
    set(CURLOPT_RESOLVE, resolved_.get());
  }

  void conclude(CURLcode result) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    facts_.status = static_cast<int>(status);
    if (status >= 200) {
      exchange_ =
          service_ != nullptr
              ? service_->recognise(facts_)
              : core::Exchange{.state = State::Answered, .code = facts_.status, .says = server()};
      // A server that asked for a certificate and says 400 refuses for want of it (nginx).
      if (watch_.wants_certificate() && status == 400) {
        exchange_.state = State::Refused;
        exchange_.says = "for want of a client certificate";
      }
    } else if (watch_.refused()) {
      exchange_ = {.state = State::Refused,
                   .code = watch_.alert(),
                   .says = "TLS, for want of a client certificate"};
    } else {
      exchange_ = failure(result);
    }
    watch_.describe(exchange_);
  }

  [[nodiscard]] static core::Exchange failure(CURLcode result) {
    const std::string why = printable_part(curl_easy_strerror(result));
    switch (result) {
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
        return {.state = State::Closed, .says = why};
      case CURLE_OUT_OF_MEMORY:
      case CURLE_FAILED_INIT:
      case CURLE_URL_MALFORMAT:
        return {.state = State::Failed, .says = why};
      default:
        return {.state = State::Garbled, .says = why};
    }
  }

  /// The line that says who answers, if there is one.
  [[nodiscard]] std::string server() const {
    const auto at = facts_.headers.find("\nserver: ");
    if (at == std::string::npos) return "";
    const auto end = facts_.headers.find('\n', at + 1);
    return printable_part(std::string_view(facts_.headers).substr(at + 9, end - at - 9));
  }

  static CURLcode on_context(CURL*, void* context, void* watch) {
    static_cast<TlsWatch*>(watch)->attach(static_cast<SSL_CTX*>(context));
    return CURLE_OK;
  }
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr*) {
    auto* http = static_cast<Http*>(self);
    if (http->opened_) return CURL_SOCKET_BAD;  // one connection, and no second try
    http->opened_ = true;
    return http->peer_.fd;
  }
  static int on_socket(void*, curl_socket_t, curlsocktype) {
    return CURL_SOCKOPT_ALREADY_CONNECTED;
  }
  static int on_close(void*, curl_socket_t) { return 0; }  // the engine's
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& body = static_cast<Http*>(self)->facts_.body;
    const std::size_t bytes = size * count;
    if (body.size() + bytes > kBodyBytesMax) return 0;
    body.append(data, bytes);
    return bytes;
  }
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& headers = static_cast<Http*>(self)->facts_.headers;
    const std::size_t bytes = size * count;
    if (headers.size() + bytes > kHeaderBytesMax) return 0;
    std::transform(data, data + bytes, std::back_inserter(headers), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    std::erase(headers, '\r');
    return bytes;
  }

  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  core::Ask ask_;
  Peer peer_;
  const HttpService* service_;
  bool opened_ = false;
  TlsWatch watch_;
  HttpFacts facts_;
  CURL* easy_ = nullptr;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::unique_ptr<curl_slist, FreeList> resolved_;
};

}  // namespace

std::unique_ptr<Conversation> make_http(const core::Ask& ask, const Peer& peer) {
  return std::make_unique<Http>(ask, peer);
}

}  // namespace reachproof::probe
