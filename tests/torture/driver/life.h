// What every rig does with a broker that it has started: connect, make the topics, end it in order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/broker_process.h"
#include "tests/torture/driver/connection.h"

namespace logboom::torture {

// A setting of brokers: a pass of compaction, which begins with the life, takes some 20 ms.
inline constexpr char kCompaction[] = "storage.compaction_rate=1GiB";

// Waits until a broker that was started is ready and has answered the hello of the agent. Nothing
// where it has not: then that is a finding.
std::unique_ptr<Connection> ConnectTo(BrokerProcess& broker, Books& books, Random& random);

// SIGTERM; takes the last answers. A broker that does not end with 0 is a finding.
void StopInOrder(BrokerProcess& broker, Connection* connection, Books& books);

// A first life: makes the topics of the books. The error says why that could not be done.
Status MakeTopics(BrokerProcess& broker, Books& books, Random& random);

}  // namespace logboom::torture
