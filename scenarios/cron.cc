#include "scenarios/cron.h"

#include "core/cron.h"

namespace reachproof::scenarios {

std::string cron_fault(std::string_view expression) {
  const auto cron = core::CronExpression::parse(expression);
  return cron ? "" : cron.error();
}

}  // namespace reachproof::scenarios
