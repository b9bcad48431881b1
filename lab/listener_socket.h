#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/error.h"
#include "lab/descriptor.h"
#include "lab/model.h"

namespace reachproof::lab {

/// Opens a listener's socket, for both families and every address, in the calling thread's network
/// namespace. Non-blocking.
Result<Descriptor> open_listener(const Listener& listener);

using DatagramAnswer = std::function<std::vector<std::uint8_t>(std::span<const std::uint8_t>)>;

/// Receives one datagram and sends the answer back from the address that it was sent to; an empty
/// answer is not sent. False when there is nothing to receive.
bool answer_datagram(int socket, const DatagramAnswer& answer);

}  // namespace reachproof::lab
