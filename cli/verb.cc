#include "cli/verb.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "scenarios/load.h"

namespace reachproof::cli {
namespace {

Exit exit_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Usage:
    case ErrorCode::Config:
    case ErrorCode::NotFound:
      return Exit::Usage;
    case ErrorCode::Refused:
      return Exit::Refused;
    case ErrorCode::Unavailable:
    case ErrorCode::Busy:
      return Exit::Unavailable;
    case ErrorCode::Corrupt:
      return Exit::Evidence;
    case ErrorCode::Io:
    case ErrorCode::Protocol:
    case ErrorCode::Internal:
      return Exit::Internal;
  }
  return Exit::Internal;
}

void print_problems(const std::vector<scenarios::Problem>& problems) {
  for (const auto& problem : problems) std::cerr << scenarios::text(problem) << "\n";
}

core::WallTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

reports::Look Context::look() const {
  if (colour == "always") return {.colour = true};
  const char* no_colour = std::getenv("NO_COLOR");
  const bool unwanted = no_colour != nullptr && *no_colour != '\0';
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return {.colour = colour == "auto" && !unwanted && !dumb && isatty(STDOUT_FILENO) == 1};
}

void complain(Context& context, const Error& error) {
  std::cerr << "reachproof: " << error.message << "\n";
  context.exit = exit_of(error.code);
}

void add_document_options(CLI::App& verb, DocumentOptions& options) {
  verb.add_option("scenario", options.scenario, "The scenario file")->capture_default_str();
  verb.add_option("-i,--inventory", options.inventory,
                  "Where workloads run (default: inventory.yaml beside the scenario)");
  verb.add_option("--at", options.at,
                  "Judge dates and hours as of this UTC date (2026-11-30) or time "
                  "(2026-11-30T02:00:00Z) in place of now");
}

std::optional<core::WallTime> time_of(Context& context, const DocumentOptions& options) {
  if (options.at.empty()) return now();
  if (const auto date = core::parse_date(options.at)) return core::WallTime(*date);
  if (const auto time = core::parse_wall_time(options.at)) return *time;
  complain(context, {ErrorCode::Usage, fmt::format("--at: `{}` is neither a date nor a time such "
                                                   "as 2026-11-30T02:00:00Z",
                                                   options.at)});
  return std::nullopt;
}

std::optional<Documents> load_documents(Context& context, const DocumentOptions& options,
                                        bool with_inventory) {
  const auto time = time_of(context, options);
  if (!time) return std::nullopt;
  auto scenario = scenarios::load_scenario_file(
      options.scenario, std::chrono::floor<std::chrono::days>(*time),
      options.lapsed_is_told ? scenarios::Lapsed::IsTold : scenarios::Lapsed::IsError);
  if (!scenario) {
    print_problems(scenario.error());
    context.exit = Exit::Usage;
    return std::nullopt;
  }
  print_problems(scenario->warnings);
  Documents documents{.scenario = std::move(scenario->scenario), .inventory = {}};
  if (!with_inventory) return documents;
  const auto path =
      options.inventory.empty()
          ? (std::filesystem::path(options.scenario).parent_path() / "inventory.yaml").string()
          : options.inventory;
  auto inventory = scenarios::load_inventory_file(path, documents.scenario);
  if (!inventory) {
    print_problems(inventory.error());
    context.exit = Exit::Usage;
    return std::nullopt;
  }
  print_problems(inventory->warnings);
  documents.inventory = std::move(inventory->inventory);
  return documents;
}

std::optional<core::Plan> plan_of(Context& context, const Documents& documents,
                                  const core::PlanOptions& options) {
  auto plan = core::plan(documents.scenario, documents.inventory, options);
  if (plan.checks.size() <= core::kChecksMax) return plan;
  complain(context, {ErrorCode::Usage,
                     fmt::format("the plan has {} checks; at most {} are run at once: narrow it "
                                 "with --only or --skip",
                                 plan.checks.size(), core::kChecksMax)});
  return std::nullopt;
}

void add_evidence_option(CLI::App& verb, EvidenceOptions& options) {
  verb.add_option("-e,--evidence", options.file, "The evidence file")->capture_default_str();
}

std::string own_path() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "reachproof" : path.string();
}

std::string probe_path() {
  if (const char* told = std::getenv("REACHPROOF_PROBE"); told != nullptr && *told != '\0') {
    return told;
  }
  const auto beside = std::filesystem::path(own_path()).parent_path() / "reachproof-probe";
  return std::filesystem::exists(beside) ? beside.string() : "reachproof-probe";
}

void add_examples(CLI::App& verb, const std::vector<std::string>& examples) {
  std::string text = "Examples:";
  for (const auto& example : examples) text += "\n  " + example;
  verb.footer(text);
}

}  // namespace reachproof::cli
