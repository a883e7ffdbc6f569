#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/verbs.h"

namespace logboom::cli {
namespace {

// A verb as it is typed ("topics list"; empty: the program itself), and what may follow it.
struct Completion {
  std::string path;
  std::string help;
  std::vector<std::string> verbs;
  std::vector<std::string> flags;  // "--max"
};

std::vector<std::string> FlagsOf(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

void Gather(const CLI::App& app, const std::string& path, std::vector<Completion>& out) {
  Completion completion{
      .path = path, .help = app.get_description(), .verbs = {}, .flags = FlagsOf(app)};
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* verb : verbs) completion.verbs.push_back(verb->get_name());
  out.push_back(std::move(completion));
  for (const CLI::App* verb : verbs) {
    Gather(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), out);
  }
}

// Words that are no known verb at their place (values, topics) don't count as a step. Zsh runs it
// too: there `path` and `words` mean something else, and an index needs its $.
std::string BashScript(const std::vector<Completion>& all) {
  std::string steps;
  std::string cases;
  for (const Completion& one : all) {
    if (!one.path.empty()) steps += (steps.empty() ? "" : "|") + ("\"" + one.path + "\"");
    cases += fmt::format("    \"{}\") choices=\"{} {}\" ;;\n", one.path, fmt::join(one.verbs, " "),
                         fmt::join(one.flags, " "));
  }
  return "_logboom() {\n"
         "  local at= word choices=\n"
         "  for word in \"${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}\"; do\n"
         "    case \"${at:+$at }$word\" in\n      " +
         steps +
         ") at=\"${at:+$at }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at\" in\n" +
         cases +
         "  esac\n"
         "  choices=\"$choices " +
         fmt::format("{}", fmt::join(all.front().flags, " ")) +
         "\"\n"
         "  COMPREPLY=($(compgen -W \"$choices\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _logboom logboom\n";
}

std::string FishScript(const std::vector<Completion>& all) {
  std::string out = "complete -c logboom -f\n";
  for (const Completion& one : all) {
    const std::size_t space = one.path.find(' ');
    std::string when = "__fish_use_subcommand";
    if (space != std::string::npos) {
      when = fmt::format("__fish_seen_subcommand_from {}", one.path.substr(0, space));
      when += fmt::format("; and __fish_seen_subcommand_from {}", one.path.substr(space + 1));
    } else if (!one.path.empty()) {
      when = "__fish_seen_subcommand_from " + one.path;
    }
    for (const std::string& verb : one.verbs) {
      out += fmt::format("complete -c logboom -n '{}' -a {}\n", when, verb);
    }
    for (const std::string& flag : one.flags) {
      out += fmt::format("complete -c logboom -n '{}' -l {}\n", one.path.empty() ? "true" : when,
                         flag.substr(2));
    }
  }
  return out;
}

ExitCode PrintCompletions(Context& context, const CLI::App& app, const std::string& shell) {
  std::vector<Completion> all;
  Gather(app, "", all);
  Output& out = context.environment.out;
  if (shell == "fish") {
    out.Write(FishScript(all));
    return ExitCode::kDone;
  }
  if (shell == "bash") {
    out.Write(BashScript(all));
    return ExitCode::kDone;
  }
  // Sourced, or as the file _logboom in $fpath, which is run when it is first asked for choices.
  out.Write("#compdef logboom\nautoload -U +X bashcompinit && bashcompinit\n" + BashScript(all) +
            "[[ ${funcstack[1]} != _logboom ]] || _bash_complete -o default -F _logboom\n");
  return ExitCode::kDone;
}

}  // namespace

void AddCompletionsVerb(CLI::App& app, Choice& choice) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& verb = *app.add_subcommand("completions", "a script that completes verbs and flags");
  verb.add_option("SHELL", *shell, "bash, zsh or fish: source what is printed")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  verb.callback([&choice, &app, shell] {
    choice.no_broker = true;
    choice.run = [&app, shell](Context& context) { return PrintCompletions(context, app, *shell); };
  });
}

}  // namespace logboom::cli
