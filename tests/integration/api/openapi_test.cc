#include <gmock/gmock.h>

#include <set>

#include "orchestrator/api/embedded.h"
#include "tests/support/api_fixture.h"

/// openapi.json and the router say the same; fuzz_api.py holds the answers against it.
namespace reachproof::test {
namespace {

boost::json::value document() {
  return boost::json::parse(std::string(api::openapi_text()));
}

std::set<std::string> query_names(const boost::json::value& file,
                                  const boost::json::object& operation) {
  std::set<std::string> names;
  for (const auto& item : operation.at("parameters").as_array()) {
    const auto* parameter = &item.as_object();
    if (const auto* reference = parameter->if_contains("$ref")) {
      parameter = &file.at_pointer(std::string(reference->as_string()).substr(1)).as_object();
    }
    if (parameter->at("in") == "query") names.emplace(parameter->at("name").as_string());
  }
  return names;
}

TEST(OpenApi, EveryRouteIsInTheFileAndTheOtherWayRound) {
  const ApiWorld world;
  std::set<std::string> served;
  for (const auto* route : world.api->router().routes()) {
    served.insert(route->method + " " + route->pattern);
  }
  std::set<std::string> documented;
  const auto file = document();
  for (const auto& path : file.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      std::string method(operation.key());
      for (auto& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.insert(method + " " + std::string(path.key()));
    }
  }
  EXPECT_EQ(served, documented);
}

TEST(OpenApi, QueryParametersAndGuardsAreThoseOfTheRoutes) {
  const ApiWorld world;
  const auto file = document();
  for (const auto* route : world.api->router().routes()) {
    std::string method = route->method;
    for (auto& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto& operation =
        file.at("paths").as_object().at(route->pattern).as_object().at(method).as_object();
    EXPECT_EQ(query_names(file, operation),
              std::set<std::string>(route->query.begin(), route->query.end()))
        << route->pattern;
    const auto* security = operation.if_contains("security");
    const bool open = security != nullptr && security->as_array().empty();
    EXPECT_EQ(open, route->guard == api::Guard::Open) << route->pattern;
  }
}

TEST(OpenApi, IsServedAsItIs) {
  ApiWorld world;
  EXPECT_EQ(world.ask("GET", "/api/v1/openapi.json", {}).body, api::openapi_text());
}

}  // namespace
}  // namespace reachproof::test
