package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class JackdawCommandTest {
    @Test
    void printsItsVersionAndTheJava() {
        Cli run = Cli.run("--version");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).matches("jackdaw \\d+\\.\\d+\\S* \\(Java 25.*\\)\\R");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void withoutACommandPrintsHelp() {
        Cli run = Cli.run();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).startsWith("Usage: jackdaw").contains("doctor").doesNotContain("warm-up");
    }

    @Test
    void suggestsTheOptionThatWasMeant() {
        Cli run = Cli.run("doctor", "--thraeds", "2");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("jackdaw: unknown option --thraeds; did you mean --threads?");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        Cli run = Cli.run("docter");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("jackdaw: unknown command docter; did you mean doctor");
    }

    @Test
    void refusesAThreadCountThatCannotBe() {
        Cli run = Cli.run("doctor", "--quick", "--threads", "0");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--threads 0: give a number from 1 to 1024");
    }

    @Test
    void everyCommandHasADescriptionAndTheCommonOptions() {
        for (CommandLine command : leaves(JackdawCommand.commandLine(System.in))) {
            var spec = command.getCommandSpec();
            if (spec.usageMessage().hidden()) {
                continue;
            }
            assertThat(spec.usageMessage().description()).as(spec.qualifiedName()).isNotEmpty();
            for (String option : List.of("--json", "--threads", "--seed", "--help")) {
                assertThat(spec.findOption(option)).as(spec.qualifiedName() + " " + option).isNotNull();
            }
            spec.options().forEach(option ->
                    assertThat(option.description()).as(spec.qualifiedName() + " " + option.longestName()).isNotEmpty());
            spec.positionalParameters().forEach(parameter ->
                    assertThat(parameter.description()).as(spec.qualifiedName() + " " + parameter.paramLabel()).isNotEmpty());
        }
    }

    private static List<CommandLine> leaves(CommandLine command) {
        var leaves = new ArrayList<CommandLine>();
        for (CommandLine child : command.getSubcommands().values()) {
            if (child.getSubcommands().isEmpty()) {
                leaves.add(child);
            } else {
                leaves.addAll(leaves(child));
            }
        }
        return leaves;
    }
}
