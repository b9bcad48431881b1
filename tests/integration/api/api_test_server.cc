#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <iostream>

#include "orchestrator/api/http_server.h"
#include "tests/support/api_fixture.h"

/// The API over a fleet in memory, on a free port of loopback, until standard input ends. Says
/// where it is and who may ask, in one line of JSON.
int main(int argc, char** argv) {
  using namespace reachproof;
  testing::InitGoogleTest(&argc, argv);
  test::ApiWorld world({.per_address = 1e9, .overall = 1e9});
  auto server = orchestrator::api::HttpServer::listen(
      world.loop, {}, [&](orchestrator::api::Request request, orchestrator::api::Reply reply) {
        world.api->handle(std::move(request), std::move(reply));
      });
  if (!server) {
    std::cerr << server.error().message << "\n";
    return 1;
  }
  boost::json::object tokens;
  for (const auto& [name, text] : world.tokens) tokens[name] = text;
  std::cout << boost::json::serialize(
                   boost::json::object{{"port", (*server)->port()}, {"tokens", std::move(tokens)}})
            << std::endl;
  boost::asio::posix::stream_descriptor input(world.loop, ::dup(STDIN_FILENO));
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [&](const boost::system::error_code&) { world.loop.stop(); });
  world.loop.restart();
  world.loop.run();
  return testing::Test::HasFailure() ? 1 : 0;
}
