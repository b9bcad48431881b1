#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "orchestrator/api/idempotency.h"
#include "orchestrator/api/parts.h"

namespace reachproof::orchestrator::api {

/// The API for people: takes a request, finds its route, asks who is there and whether they may,
/// lets the route answer, and keeps what must be kept.
///
/// On the loop's thread. The order matters: what is cheap comes first, and nobody's body is looked
/// at before their token. The backend and the metrics outlive it; the server is stopped before it
/// goes.
class Api {
 public:
  Api(boost::asio::io_context& loop, ApiOptions options, Backend backend, AccessBook access,
      Metrics& metrics);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// HttpServer's handler.
  void handle(Request request, Reply reply);

  /// Where nobody administers the whole fleet: a one-time token for the first who comes with it,
  /// good for an hour, to be shown to whoever started the service.
  [[nodiscard]] std::optional<std::string> offer_setup();

  /// News for everybody who follows /events.
  void publish(const RunProgress& progress);
  void publish(const FindingView& finding);
  void publish(const ProbeView& probe);

  /// Closes the streams; what is being answered goes on.
  void stop();

  [[nodiscard]] const Router& router() const { return router_; }

 private:
  void admit(const CallPtr& call, bool from_here);
  [[nodiscard]] bool authenticate(const CallPtr& call);
  void check(const CallPtr& call);
  void run_once(const CallPtr& call);
  void finish(const CallPtr& call, Response response, const Reply& reply);
  void send(const CallPtr& call, Response response, const Reply& reply);
  void deny(const CallPtr& call, int status, std::string detail, std::string_view kind);
  void tick();

  ApiOptions options_;
  Backend backend_;
  AccessBook access_;
  Metrics& metrics_;
  AuthLimiter limiter_;
  AuditTrail audit_;
  EventHub hub_;
  EvidenceDesk desk_;
  IdempotencyBook idempotency_;
  Parts parts_;
  Router router_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reachproof::orchestrator::api
