#include "orchestrator/api/pending_reply.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "orchestrator/api/problem.h"

namespace reachproof::orchestrator::api {
namespace {

namespace asio = boost::asio;

struct Waiting {
  explicit Waiting(asio::io_context& loop) : timer(loop) {}
  asio::steady_timer timer;
  std::optional<Response> response;
};

/// All copies of a reply share one; when the last of them is gone unanswered, that is an answer.
struct Ticket {
  explicit Ticket(std::weak_ptr<Waiting> who) : waiting(std::move(who)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() { answer(problem_response({.status = 503, .detail = "the request was dropped"})); }

  void answer(Response response) const {
    const auto here = waiting.lock();
    if (!here || here->response) return;
    here->response = std::move(response);
    here->timer.cancel();
  }
  std::weak_ptr<Waiting> waiting;
};

}  // namespace

asio::awaitable<Response> ask(asio::io_context& loop, const Handler& handler, Request request,
                              std::chrono::milliseconds time_max) {
  const auto waiting = std::make_shared<Waiting>(loop);
  waiting->timer.expires_after(time_max);
  {
    const auto ticket = std::make_shared<Ticket>(waiting);
    handler(std::move(request),
            [ticket](Response response) { ticket->answer(std::move(response)); });
  }
  if (!waiting->response) {
    boost::system::error_code ignored;
    co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!waiting->response) {
    waiting->response =
        problem_response({.status = 503, .detail = "the service did not answer in time"});
  }
  co_return std::move(*waiting->response);
}

}  // namespace reachproof::orchestrator::api
