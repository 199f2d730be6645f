// All legs of a run, and what they come to over rounds.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bench/messaging/figures.h"
#include "bench/support/quartiles.h"
#include "bench/support/report.h"

namespace muster::bench {

/// A figure of a task: "rate.inline.64", "messages".
struct FigureId {
  std::string task;
  std::string figure;
};

class Results {
 public:
  void add(const std::string& task, std::size_t round, Leg leg);
  /// What must be known of a task, or why there is nothing of it. Once is enough.
  void note(const std::string& task, const std::string& why);

  /// Nothing where a round lacks that figure: those that have it are no fair choice. The tail of
  /// few samples, for one, is told in the fast rounds only.
  std::optional<Quartiles> over_rounds(const FigureId& id) const;
  /// Round by round, over those that have both tasks: the machine changes from one to the next.
  std::optional<Quartiles> ratio(const FigureId& over, const FigureId& under) const;
  /// There are legs, or a reason why not.
  bool knows(const std::string& task) const;
  std::string note_of(const std::string& task) const;
  /// Over all rounds.
  Histogram times(const std::string& task) const;

  /// The figure, with what the machine did meanwhile. Without a value where there is none.
  Row row(const FigureId& id, const std::string& row_id) const;
  /// The same beside the figure of a floor.
  Row row(const FigureId& id, const FigureId& floor, const std::string& row_id) const;

 private:
  /// By round.
  using Legs = std::map<std::size_t, Leg>;
  const Legs& legs(const std::string& task) const;

  std::map<std::string, Legs> legs_;
  std::map<std::string, std::string> notes_;
};

}  // namespace muster::bench
