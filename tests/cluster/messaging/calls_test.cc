// Requests and responses: messages of the application, which keeps what waits (docs/protocol.md
// §8.2).
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "cluster/messaging/call_outcome.h"
#include "cluster/messaging/call_table.h"
#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

struct Calls : testing::Test, Pair {
  CallId call(const std::string& path, std::string_view payload, const std::string& waiter) {
    const CallId id = table.open({b.key.id, 0}, second, waiter);
    EXPECT_EQ(a.say(b, {.kind = wire::MessageKind::request, .call = id, .path = path}, payload),
              SendResult::sent);
    return id;
  }
  void answer(CallId id, CallStatus status, std::string_view payload) {
    EXPECT_EQ(
        b.say(a, {.kind = wire::MessageKind::response, .call = id, .status = status}, payload),
        SendResult::sent);
  }
  /// Who waited for the n-th answer that has come.
  std::optional<std::string> waited(std::size_t n) {
    const auto& response = a.application.heard.at(n);
    EXPECT_EQ(response.kind, wire::MessageKind::response);
    return table.answer(response.call, {response.from.id, response.channel});
  }

  CallTable<std::string> table{4};
};

TEST_F(Calls, BringARequestThereAndItsAnswerBack) {
  const CallId id = call("/prices", "IBM?", "trader");
  settle(1000);
  ASSERT_EQ(b.application.heard.size(), 1U);
  const auto& request = b.application.heard[0];
  EXPECT_EQ(request.kind, wire::MessageKind::request);
  EXPECT_EQ(request.from, a.key);
  EXPECT_EQ(request.call, id);
  EXPECT_EQ(request.path, "/prices");
  EXPECT_EQ(request.payload, "IBM?");
  answer(id, CallStatus::ok, "81");
  settle(2000);
  EXPECT_EQ(a.application.messages(), Strings{"81"});
  EXPECT_EQ(waited(0), "trader");
  EXPECT_EQ(a.port.alive(), 0U);
  EXPECT_EQ(b.port.alive(), 0U);
}

TEST_F(Calls, TellTheStatusOfTheAnswerInWhateverOrder) {
  const CallId one = call("/one", "", "first");
  const CallId two = call("/two", "", "second");
  settle(0);
  answer(two, CallStatus::no_such_service, "");
  answer(one, CallStatus::failed, "why");
  settle(0);
  ASSERT_EQ(a.application.heard.size(), 2U);
  EXPECT_EQ(outcome_of(a.application.heard[0].status), CallOutcome::no_such_service);
  EXPECT_EQ(waited(0), "second");
  EXPECT_EQ(outcome_of(a.application.heard[1].status), CallOutcome::failed);
  EXPECT_EQ(waited(1), "first");
  EXPECT_EQ(outcome_of(CallStatus::ok), CallOutcome::ok);
}

TEST_F(Calls, GoInPiecesWhereTheyAreLarge) {
  const std::string question(50'000, 'q');
  const std::string reply(70'000, 'r');
  const CallId id = call("/" + std::string(254, 'p'), question, "reader");
  settle(0);
  ASSERT_EQ(b.application.heard.size(), 1U);
  EXPECT_EQ(b.application.heard[0].payload, question);
  EXPECT_EQ(b.application.heard[0].path.size(), 255U);
  answer(id, CallStatus::ok, reply);
  settle(0);
  ASSERT_EQ(a.application.heard.size(), 1U);
  EXPECT_EQ(a.application.heard[0].payload, reply);
  EXPECT_EQ(waited(0), "reader");
}

TEST_F(Calls, DropALateAnswer) {
  const CallId id = call("/x", "", "impatient");
  settle(0);
  table.expire(second, [](CallId, const std::string&) {});
  answer(id, CallStatus::ok, "late");
  settle(second);
  ASSERT_EQ(a.application.heard.size(), 1U);
  EXPECT_EQ(waited(0), std::nullopt);
  EXPECT_EQ(b.port.alive(), 0U);  // acknowledged all the same
}

}  // namespace
}  // namespace muster::test
