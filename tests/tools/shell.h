// Runs a command line, for tests of commands.
#pragma once

#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace muster {

struct ShellResult {
  int status = -1;     ///< exit status
  std::string output;  ///< standard output; standard error too where the line says 2>&1
};

inline ShellResult shell(const std::string& line) {
  ShellResult result;
  FILE* const pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return result;
  for (int byte = 0; (byte = std::fgetc(pipe)) != EOF;) result.output += static_cast<char>(byte);
  const int ended = ::pclose(pipe);
  if (WIFEXITED(ended)) result.status = WEXITSTATUS(ended);
  return result;
}

}  // namespace muster
