// The `muster` command.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "node/errors.h"
#include "tools/cli.h"
#include "tools/demo/command.h"
#include "tools/doctor/command.h"
#include "tools/errors.h"
#include "tools/fabric/command.h"
#include "tools/node/command.h"

namespace muster {
namespace {

constexpr AddCommand commands[] = {
    demo::add_command,
    doctor::add_command,
    fabric::add_command,
    node_command::add_command,
};

constexpr int started_badly = 1;
constexpr int asked_badly = 2;

/// The first line of `what`: some libraries add advice of their own in further ones.
int fail(int status, const std::string& what) {
  fmt::print(stderr, "muster: {}\n", what.substr(0, what.find('\n')));
  return status;
}

std::string advice(const std::string& mistake) {
  return fmt::format("{}; --help shows what can be said", mistake);
}

int run(int argc, char** argv) {
  CLI::App app("muster: kernel-bypass cluster membership, service directory and messaging on DPDK",
               "muster");
  app.set_version_flag("--version", "muster " MUSTER_VERSION);
  app.require_subcommand(1);
  app.footer("Each command has a --help of its own, with examples: muster fabric --help");
  Action chosen;
  for (const AddCommand add : commands) add(app, chosen);
  try {
    app.parse(argc, argv);
    return chosen();
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> unknown = app.remaining();
    return fail(asked_badly, unknown.empty() ? advice(error.what())
                                             : advice(unknown.front() + " is no command"));
  } catch (const CLI::ParseError& error) {
    return fail(asked_badly, advice(error.what()));
  } catch (const UsageError& error) {
    return fail(asked_badly, error.what());
  } catch (const ConfigError& mistakes) {  // a line for each
    fmt::print(stderr, "{}\n", mistakes.what());
    return asked_badly;
  } catch (const std::exception& error) {
    return fail(started_badly, error.what());
  }
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) { return muster::run(argc, argv); }
