// Services that are known by their answer to one harmless GET. None of these requests carries a
// credential, and none asks for one: of a metadata service only that it answers is of interest.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

core::Exchange told(State state, const HttpFacts& facts, std::string says) {
  return {.state = state, .code = facts.status, .says = printable_part(says)};
}

core::Exchange not_it(const HttpFacts& facts) {
  return told(State::Garbled, facts, fmt::format("HTTP {}, and not its answer", facts.status));
}

bool in_body(const HttpFacts& facts, std::string_view text) {
  return facts.body.find(text) != std::string::npos;
}
bool in_headers(const HttpFacts& facts, std::string_view text) {
  return facts.headers.find(text) != std::string::npos;
}
bool demands_credential(const HttpFacts& facts) {
  return facts.status == 401 || facts.status == 403;
}

core::Exchange kubernetes_api(const HttpFacts& facts) {
  if (demands_credential(facts) && in_body(facts, "\"Status\"")) {
    return told(State::Refused, facts, "demands a credential");
  }
  if (facts.status == 200 && in_body(facts, "\"gitVersion\"")) {
    return told(State::Answered, facts, "tells its version to a stranger");
  }
  return not_it(facts);
}

/// /healthz of a kubelet has no mark of its own: 401 with the body that its filter writes, or "ok".
core::Exchange kubelet(const HttpFacts& facts) {
  if (facts.status == 401 && in_body(facts, "Unauthorized")) {
    return told(State::Refused, facts, "demands a credential");
  }
  if (facts.status == 403 && in_body(facts, "Forbidden")) {
    return told(State::Refused, facts, "forbids a stranger");
  }
  if (facts.status == 200 && (in_body(facts, "\"PodList\"") || in_body(facts, "ok"))) {
    return told(State::Answered, facts, "answers a stranger");
  }
  return not_it(facts);
}

core::Exchange etcd(const HttpFacts& facts) {
  if (facts.status == 200 && in_body(facts, "\"etcdserver\"")) {
    return told(State::Answered, facts, "etcd: " + facts.body);
  }
  return demands_credential(facts) ? told(State::Refused, facts, "demands a credential")
                                   : not_it(facts);
}

core::Exchange docker(const HttpFacts& facts) {
  if (facts.status == 200 && (in_headers(facts, "api-version:") || in_headers(facts, "docker/"))) {
    return told(State::Answered, facts, "the Docker API, without a credential");
  }
  return not_it(facts);
}

core::Exchange vault(const HttpFacts& facts) {
  if (in_body(facts, "\"sealed\"") && in_body(facts, "\"initialized\"")) {
    return told(State::Answered, facts, "Vault's health");
  }
  return not_it(facts);
}

core::Exchange elasticsearch(const HttpFacts& facts) {
  if (facts.status == 200 && in_body(facts, "\"cluster_name\"")) {
    return told(State::Answered, facts, "Elasticsearch, without a credential");
  }
  if (demands_credential(facts) && in_body(facts, "security_exception")) {
    return told(State::Refused, facts, "demands a credential");
  }
  return not_it(facts);
}

core::Exchange winrm(const HttpFacts& facts) {
  const bool its = in_headers(facts, "microsoft-httpapi") || in_headers(facts, "wsman");
  if (its && (facts.status == 401 || facts.status == 405)) {
    return told(State::Answered, facts, "WinRM");
  }
  return not_it(facts);
}

/// IMDSv1 answers with a listing; where a session token is demanded, 401.
core::Exchange aws_metadata(const HttpFacts& facts) {
  if (facts.status == 200 && in_body(facts, "instance-id")) {
    return told(State::Answered, facts, "IMDSv1 answers");
  }
  if (facts.status == 401 && (in_headers(facts, "server: ec2ws") || facts.body.empty() ||
                              in_body(facts, "Unauthorized"))) {
    return told(State::Refused, facts, "demands a session token (IMDSv2)");
  }
  return not_it(facts);
}

core::Exchange azure_metadata(const HttpFacts& facts) {
  if (facts.status == 200 && in_body(facts, "apiVersions")) {
    return told(State::Answered, facts, "the Azure metadata service");
  }
  return not_it(facts);
}

core::Exchange gcp_metadata(const HttpFacts& facts) {
  if (in_headers(facts, "metadata-flavor: google")) {
    return told(State::Answered, facts, "the Google metadata server");
  }
  return not_it(facts);
}

core::Exchange fhir(const HttpFacts& facts) {
  if (facts.status == 200 && in_body(facts, "CapabilityStatement")) {
    return told(State::Answered, facts, "FHIR capability statement");
  }
  if (demands_credential(facts)) return told(State::Refused, facts, "demands a credential");
  return not_it(facts);
}

constexpr std::array<HttpService, 11> kServices{{
    {"kubernetes-api", "/version", "Accept: application/json", kubernetes_api},
    {"kubelet", "/healthz", "", kubelet},
    {"etcd", "/version", "", etcd},
    {"docker", "/_ping", "", docker},
    {"vault", "/v1/sys/health", "", vault},
    {"elasticsearch", "/", "", elasticsearch},
    {"winrm", "/wsman", "", winrm},
    {"aws-metadata", "/latest/meta-data/", "", aws_metadata},
    {"azure-metadata", "/metadata/versions", "Metadata: true", azure_metadata},
    {"gcp-metadata", "/", "Metadata-Flavor: Google", gcp_metadata},
    {"fhir", "/metadata", "Accept: application/fhir+json", fhir},
}};

}  // namespace

const HttpService* http_service(std::string_view name) {
  const auto* it = std::ranges::find(kServices, name, &HttpService::name);
  return it == kServices.end() ? nullptr : it;
}

}  // namespace reachproof::probe
