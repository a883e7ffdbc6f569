#include "lib/transport/zmq_context.h"

#include <mutex>
#include <zmq.hpp>

namespace logboom::transport {

namespace {

constexpr int kIoThreads = 1;
constexpr int kSocketsMax = 16'384;

}  // namespace

std::shared_ptr<zmq::context_t> SharedZmqContext() {
  static std::mutex mutex;
  static std::weak_ptr<zmq::context_t> shared;
  const std::scoped_lock lock(mutex);
  if (auto context = shared.lock()) return context;
  auto context = std::make_shared<zmq::context_t>(kIoThreads, kSocketsMax);
  context->set(zmq::ctxopt::blocky, 0);  // LINGER is 0 for all sockets
  shared = context;
  return context;
}

}  // namespace logboom::transport
