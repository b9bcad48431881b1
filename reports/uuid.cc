#include "reports/uuid.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace reachproof::reports {

std::string uuid_of(std::string_view kind, std::string_view name) {
  std::string whole = "urn:reachproof:";
  whole.append(kind).append(":").append(name);
  const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::url());
  return boost::uuids::to_string(generate(whole));
}

}  // namespace reachproof::reports
