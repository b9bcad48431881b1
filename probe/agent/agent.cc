#include "probe/agent/agent.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/hex.h"
#include "host/compress.h"
#include "host/service_notify.h"
#include "host/whole_file.h"
#include "probe/clock.h"
#include "protocol/certificate.h"
#include "protocol/codec.h"
#include "protocol/keyed_answer.h"

namespace reachproof::probe {
namespace {

using std::chrono::milliseconds;
using Why = protocol::Refused::Why;

constexpr milliseconds kStopLook{500};
constexpr milliseconds kBackoffMin{500};
constexpr milliseconds kBackoffMax{60'000};
constexpr std::size_t kCompressFrom = 512;

/// A number from 0 to 1, for jitter: a fleet that lost its orchestrator must not return as one.
double random_share() {
  const auto bytes = protocol::random_nonce();
  return (bytes[0] * 256 + bytes[1]) / 65535.0;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::create(Identity identity, Options options) {
  auto spool = Spool::open(identity.folder() + "/spool", options.spool_bytes_max);
  if (!spool) return tl::unexpected(spool.error());
  return std::unique_ptr<Agent>(
      new Agent(std::move(identity), std::move(options), std::move(*spool)));
}

Agent::Agent(Identity identity, Options options, Spool spool)
    : identity_(std::move(identity)), options_(std::move(options)), spool_(std::move(spool)) {
  const auto nonce = protocol::random_nonce();
  instance_ = core::hex({nonce.data(), 16});
  heard_ = Clock::now();
  next_exchange_ = Clock::now();
  next_stop_look_ = Clock::now();
  next_renewal_ = Clock::now();
  if (const auto text = host::read_file(identity_.folder() + "/log-size", 32); text) {
    log_size_ = std::strtoull(text->c_str(), nullptr, 10);
  }
  for (const auto& id : spool_.left_behind()) {
    auto& session = sessions_[id];
    session.sequence = spool_.last_sequence(id);
    session.ended = true;
    session.detail = "the probe was restarted";
  }
}

Result<void> Agent::run(const std::function<bool()>& ended) {
  host::service_notify("READY=1");
  auto next_watchdog = Clock::now();
  const auto watchdog = host::watchdog_interval();
  while (!ended()) {
    if (watchdog && Clock::now() >= next_watchdog) {
      host::service_notify("WATCHDOG=1");
      next_watchdog = Clock::now() + *watchdog;
    }
    look_after_stops();
    renew_when_due();
    exchange_when_due();
    auto descriptors = worker_descriptors();
    const milliseconds patience{client_ && client_->under_way() ? 100 : 50};
    if (client_) {
      client_->wait(descriptors, patience);
      if (auto answer = client_->take()) take_answer(std::move(*answer));
    } else {
      ::poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count()));
    }
    pump_workers();
  }
  host::service_notify("STOPPING=1");
  end_all("the probe was stopped");
  cut_batches();
  return {};
}

// ---- what stops a probe ----

/// The local stop file needs no network; without a fresh heartbeat nobody vouches for what runs.
void Agent::look_after_stops() {
  if (Clock::now() < next_stop_look_) return;
  next_stop_look_ = Clock::now() + kStopLook;
  struct stat unused {};
  const bool file = ::stat(options_.stop_file.c_str(), &unused) == 0;
  const bool silent = Clock::now() - heard_ > options_.heartbeat_patience;
  std::string why;
  if (file) {
    why = fmt::format("`{}` is there", options_.stop_file);
  } else if (!stop_id_.empty()) {
    why = "the orchestrator has stopped all probes";
  } else if (silent) {
    why = "no fresh heartbeat from the orchestrator";
  }
  if (why == stopped_) return;
  stopped_ = why;
  options_.say(why.empty() ? "working again" : "idle: " + why);
  if (!why.empty()) end_all(why);
  // The orchestrator should hear of a local stop at once, not when its hold is over.
  if (file && client_ && client_->under_way()) {
    client_->abandon();
    next_exchange_ = Clock::now();
  }
}

void Agent::end_all(const std::string& why) {
  for (auto& [id, session] : sessions_) {
    if (session.ended) continue;
    refuse(session, 0, Why::Stopped, why);
    end_session(session, why);
  }
}

void Agent::end_session(Session& session, const std::string& why) {
  if (session.worker) session.worker->kill();
  session.worker.reset();
  session.partial.clear();
  session.ended = true;
  session.detail = why;
}

void Agent::refuse(Session& session, std::uint64_t id, Why why, std::string detail) {
  session.pending +=
      protocol::encode(protocol::Refused{.id = id, .why = why, .detail = std::move(detail)}) + "\n";
}

// ---- workers ----

std::vector<pollfd> Agent::worker_descriptors() const {
  std::vector<pollfd> descriptors;
  for (const auto& [id, session] : sessions_) {
    if (!session.worker) continue;
    descriptors.push_back({.fd = session.worker->output(), .events = POLLIN, .revents = 0});
    if (!session.worker->has_queued()) continue;
    descriptors.push_back({.fd = session.worker->input(), .events = POLLOUT, .revents = 0});
  }
  return descriptors;
}

void Agent::pump_workers() {
  for (auto& [id, session] : sessions_) {
    if (!session.worker) continue;
    session.partial += session.worker->pump();
    const auto end = session.partial.rfind('\n');
    if (end != std::string::npos) {
      session.pending += session.partial.substr(0, end + 1);
      session.partial.erase(0, end + 1);
    }
    if (session.worker->over()) {
      const auto why = session.worker->ending();
      end_session(session, why);
    } else if (spool_.bytes() + session.pending.size() > options_.spool_bytes_max) {
      refuse(session, 0, Why::Budget, "the spool of results is full");
      end_session(session, "the spool of results is full");
    }
  }
}

bool Agent::busy() const {
  return std::ranges::any_of(sessions_, [](const auto& entry) {
    return entry.second.worker != nullptr || !entry.second.pending.empty();
  });
}

/// What was found goes to disk before anybody is told of it.
void Agent::cut_batches() {
  for (auto& [id, session] : sessions_) {
    while (!session.pending.empty()) {
      protocol::Batch batch{.session = id, .sequence = session.sequence + 1};
      batch.lines = session.pending.substr(0, protocol::kBatchBytesMax);
      batch.signature = protocol::sign_base64(identity_.key(), protocol::batch_text(batch));
      if (auto kept = spool_.put(batch); !kept) {
        options_.say("results wait in memory: " + kept.error().message);
        if (session.worker && session.pending.size() > (1U << 20U)) {
          end_session(session, "the spool cannot be written: " + kept.error().message);
        }
        return;
      }
      session.sequence = batch.sequence;
      session.pending.erase(0, batch.lines.size());
    }
  }
}

// ---- the link ----

bool Agent::connect() {
  if (client_) return true;
  auto options = identity_.https_options(true);
  if (!options) {
    back_off(options.error().message);
    return false;
  }
  options->proxy = options_.proxy;
  client_.emplace(std::move(*options));
  return true;
}

void Agent::exchange_when_due() {
  if ((client_ && client_->under_way()) || Clock::now() < next_exchange_) return;
  if (!identity_.has_certificate() || !connect()) return;
  cut_batches();
  const auto request = next_request();
  const auto text = protocol::encode(request);
  host::HttpsRequest post{.method = "POST",
                          .url = identity_.url() + std::string(protocol::kExchangePath),
                          .headers = {"Content-Type: application/json", "Accept-Encoding: zstd"},
                          .timeout = milliseconds(request.wait_ms) + milliseconds(30'000),
                          .response_bytes_max = protocol::kExchangeBytesMax};
  if (text.size() >= kCompressFrom) {
    post.headers.emplace_back("Content-Encoding: zstd");
    post.body = host::compress(text);
  } else {
    post.body = text;
  }
  last_stopped_ = stopped_;
  sent_ = moment_now();
  if (auto began = client_->begin(std::move(post)); !began) back_off(began.error().message);
}

protocol::ExchangeRequest Agent::next_request() {
  protocol::ExchangeRequest request{.instance = instance_, .sequence = ++exchange_};
  const bool waiting = spool_.batches() > 0;
  request.wait_ms = (waiting  ? milliseconds(0)
                     : busy() ? options_.hold_busy
                              : options_.hold)
                        .count();
  request.now = moment_now();
  request.software = "reachproof-probe " REACHPROOF_VERSION;
  request.scope = options_.scope_digest;
  request.can_capture = options_.can_capture;
  request.offset = offset_;
  if (identity_.policy_key()) request.policy_key = identity_.policy_key()->fingerprint();
  request.policy_version = identity_.policy_version();
  request.log_size = log_size_;
  request.stopped = stopped_;
  request.batches = spool_.next(protocol::kExchangeLinesMax);
  for (const auto& [id, session] : sessions_) {
    // An end is told only when everything before it is in batches.
    request.sessions.push_back({.session = id,
                                .orders_got = session.orders_got,
                                .last_batch = session.sequence,
                                .ended = session.ended && session.pending.empty(),
                                .detail = session.detail});
  }
  return request;
}

void Agent::back_off(const std::string& why) {
  if (problem_ != why) options_.say("the orchestrator cannot be reached: " + why);
  problem_ = why;
  client_.reset();
  backoff_ = std::clamp(backoff_ * 2, kBackoffMin, kBackoffMax);
  const auto wait = std::chrono::duration_cast<milliseconds>(backoff_ * (0.5 + random_share() / 2));
  next_exchange_ = Clock::now() + wait;
  write_status();
}

void Agent::take_answer(Result<host::HttpsResponse> response) {
  if (!response) return back_off(response.error().message);
  if (response->status != 200) {
    if (response->status == 401 || response->status == 403) next_renewal_ = Clock::now();
    return back_off(
        fmt::format("it answers {}: {}", response->status, response->body.substr(0, 200)));
  }
  if (response->headers["content-encoding"] == "zstd") {
    auto plain = host::decompress(response->body, protocol::kExchangeBytesMax);
    if (!plain) return back_off(plain.error().message);
    response->body = std::move(*plain);
  }
  const auto answer = protocol::decode_exchange_answer(response->body);
  if (!answer) return back_off(answer.error().message);
  const auto& heartbeat = answer->heartbeat;
  const bool fresh =
      heartbeat.instance == instance_ && heartbeat.sequence == exchange_ &&
      identity_.heartbeat_key() &&
      protocol::verify_base64(*identity_.heartbeat_key(), protocol::heartbeat_text(heartbeat),
                              heartbeat.signature);
  if (!fresh) return back_off("its heartbeat is not signed for this exchange");
  if (!problem_.empty()) options_.say("the orchestrator answers again");
  problem_.clear();
  backoff_ = milliseconds(0);
  heard_ = Clock::now();
  next_exchange_ = Clock::now() + milliseconds(answer->pace_ms);
  take(*answer);
  write_status();
}

void Agent::take(const protocol::ExchangeAnswer& answer) {
  learn_offset(answer);
  // In this order: what is told again now is not what is confirmed here.
  for (const auto& ack : answer.acks) spool_.confirm(ack.session, ack.sequence);
  look_at_log(answer.log_size);
  for (const auto& id : answer.closings) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end()) continue;
    // Nobody waits for it any more; what it found is still told.
    if (!it->second.ended) end_session(it->second, "the orchestrator ended it");
    it->second.closing = true;
  }
  std::erase_if(sessions_, [this](const auto& entry) {
    const auto& [id, session] = entry;
    if (!session.closing || !session.pending.empty() || spool_.holds(id)) return false;
    spool_.forget(id);
    return true;
  });
  take_stop(answer.stop);
  for (const auto& opening : answer.openings) take_opening(opening);
  for (const auto& order : answer.orders) take_order(order);
  if (answer.renew) next_renewal_ = Clock::now();
}

/// A log that is shorter than it was has lost what it had confirmed: it is told again.
void Agent::look_at_log(std::uint64_t size) {
  if (size == 0) return;  // it does not say yet
  if (size < log_size_ && size < rolled_back_to_) {
    rolled_back_to_ = size;
    const auto sessions = spool_.take_up_kept();
    for (const auto& id : sessions) {
      const auto [it, fresh] = sessions_.try_emplace(id);
      if (!fresh) continue;
      it->second.sequence = spool_.last_sequence(id);
      it->second.ended = true;
      it->second.detail = "told again: the orchestrator's log was rolled back";
    }
    options_.say(
        fmt::format("the orchestrator's log had {} records and has {}: {} sessions are told again",
                    log_size_, size, sessions.size()));
  }
  if (size <= log_size_) return;
  log_size_ = size;
  rolled_back_to_ = UINT64_MAX;
  if (Clock::now() < next_log_size_) return;
  next_log_size_ = Clock::now() + std::chrono::seconds(10);
  // A number that is a little old notices a rollback too.
  [[maybe_unused]] const auto kept =
      host::replace_file(identity_.folder() + "/log-size", std::to_string(size));
}

void Agent::take_stop(const std::optional<protocol::StopOrder>& stop) {
  std::string id;
  if (stop) {
    const bool sound = identity_.heartbeat_key() &&
                       protocol::verify_base64(*identity_.heartbeat_key(),
                                               protocol::stop_text(*stop), stop->signature);
    // An unsigned stop is obeyed too: to do nothing is always safe.
    id = stop->id.empty() ? "?" : stop->id;
    if (!sound) options_.say("a stop that is not signed; obeyed all the same");
  }
  if (id == stop_id_) return;
  stop_id_ = id;
  next_stop_look_ = Clock::now();
  look_after_stops();
}

void Agent::take_opening(const protocol::SessionOpening& opening) {
  if (sessions_.contains(opening.session) || !is_session_id(opening.session) ||
      sessions_.size() >= protocol::kSessionsMax) {
    return;
  }
  if (auto begun = spool_.begin(opening.session); !begun) {
    options_.say("no session can begin: " + begun.error().message);
    return;
  }
  auto& session = sessions_[opening.session];
  session.run = opening.run;
  const auto deny = [&](Why why, const std::string& detail) {
    refuse(session, 0, why, detail);
    end_session(session, detail);
    options_.say(fmt::format("run {} refused: {}", opening.run, detail));
  };
  if (!stopped_.empty()) return deny(Why::Stopped, stopped_);
  if (!spool_.has_room()) return deny(Why::Budget, "the spool of results is full");
  if (identity_.policy_key()) {
    auto grant = accepted_grant(opening.grant, *identity_.policy_key(), identity_.id(),
                                identity_.policy_version(), moment_now().wall);
    if (!grant) return deny(Why::Signature, grant.error().message);
    if (auto kept = identity_.saw_policy_version(grant->version); !kept) {
      return deny(Why::Signature, kept.error().message);
    }
    session.guard = SessionGuard(std::move(*grant));
  }
  auto worker = Worker::start(options_.worker_command);
  if (!worker) return deny(Why::Unsupported, worker.error().message);
  session.worker = std::move(*worker);
  options_.say(fmt::format("run {}: session {} begins", opening.run, opening.session));
}

void Agent::take_order(const protocol::Order& order) {
  const auto it = sessions_.find(order.session);
  // What is out of turn comes again: the orchestrator repeats from what we say we got.
  if (it == sessions_.end() || order.number != it->second.orders_got + 1) return;
  auto& session = it->second;
  session.orders_got = order.number;
  // An orchestrator that was restarted asks again for what it cannot know that it had asked.
  if (session.ended || !session.orders_seen.insert(protocol::sha256_hex(order.line)).second) return;
  const auto message = protocol::decode(order.line);
  if (!message) {
    refuse(session, 0, Why::Unsupported, message.error().message);
    return end_session(session, "the orchestrator sent what is no message");
  }
  if (const auto objection = session.guard.objection(*message, moment_now().wall)) {
    refuse(session, objection->id, objection->why, objection->detail);
  } else if (!session.worker->send(order.line)) {
    end_session(session, "the worker does not read what it is sent");
  }
}

/// As NTP does (RFC 5905 section 8): the two clocks' difference at both ends of the exchange; what
/// the exchange took without the orchestrator's part bounds the error.
void Agent::learn_offset(const protocol::ExchangeAnswer& answer) {
  const auto arrived = moment_now();
  const auto elapsed = milliseconds((arrived.monotonic_us - sent_.monotonic_us) / 1000);
  const auto round_trip = elapsed - (answer.now - answer.received);
  const auto there = answer.received - sent_.wall;
  const auto back = answer.now - arrived.wall;
  const protocol::ClockOffset offset{.ms = (there + back).count() / 2,
                                     .error_ms = std::max<std::int64_t>(1, round_trip.count() / 2)};
  // A wall clock that was set meanwhile shows as ends that do not fit together.
  const auto stepped = std::chrono::abs((arrived.wall - sent_.wall) - elapsed);
  if (stepped < milliseconds(100)) offset_ = offset;
}

// ---- the certificate ----

void Agent::renew_when_due() {
  if (Clock::now() < next_renewal_ || (client_ && client_->under_way())) return;
  const auto facts = protocol::read_certificate(identity_.certificate());
  const auto now = moment_now().wall;
  if (facts) {
    const auto half = facts->from + (facts->until - facts->from) / 2;
    if (now < half && problem_.empty()) {
      // Looked at again soon: the wall clock may be set meanwhile.
      next_renewal_ = Clock::now() + std::min<Clock::duration>(half - now, std::chrono::minutes(5));
      return;
    }
  }
  auto answer = renew_once(identity_, options_.proxy);
  if (!answer) {
    options_.say("the certificate could not be renewed: " + answer.error().message);
    next_renewal_ = Clock::now() + std::chrono::seconds(10 + static_cast<int>(20 * random_share()));
    return;
  }
  if (answer->certificate.empty()) {
    next_renewal_ = Clock::now() + std::chrono::seconds(5);
    const auto said = fmt::format("state {}: {}", answer->state, answer->detail);
    if (said != said_state_) options_.say(said);
    said_state_ = said;
    return;
  }
  next_renewal_ = Clock::now() + std::chrono::seconds(30);
  options_.say("the certificate was renewed");
  client_.reset();
  next_exchange_ = Clock::now();
}

void Agent::write_status() {
  if (Clock::now() < next_status_) return;
  next_status_ = Clock::now() + std::chrono::seconds(1);
  std::string text = fmt::format(
      "id: {}\norchestrator: {}\nlink: {}\nstate: {}\nsessions: {}\nspooled: {} batches, {} "
      "bytes\nscope: {}\npolicy: {}\n",
      identity_.id(), identity_.url(), problem_.empty() ? "up" : problem_,
      stopped_.empty() ? "working" : "idle: " + stopped_, sessions_.size(), spool_.batches(),
      spool_.bytes(), options_.scope_digest.empty() ? "no scope file" : options_.scope_digest,
      identity_.policy_key()
          ? fmt::format("signed plans only, version {} or newer", identity_.policy_version())
          : "no policy key");
  if (offset_)
    text += fmt::format("clock: {} ms behind, within {} ms\n", offset_->ms, offset_->error_ms);
  text += fmt::format("as of: {}\n", core::text(moment_now().wall));
  // A status that cannot be written must not end a probe.
  [[maybe_unused]] const auto kept = host::replace_file(identity_.folder() + "/status", text);
}

}  // namespace reachproof::probe
