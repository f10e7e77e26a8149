package dev.jackdaw.agent.ability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CalculatorTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "1 + 2 | 3", "12*7 | 84", "0.1+0.2 | 0.3", "7/2 | 3.5", "100/8 | 12.5", "10 % 4 | 2", "-7 % 4 | -3", "7.5 % 2 | 1.5", "2^10 | 1024", "2^3^2 | 512", "-2^2 | -4", "(-2)^2 | 4",
        "2^-2 | 0.25", "2 + 3 * 4 | 14", "(2 + 3) * 4 | 20", "20/2/5 | 2", "20 - 5 - 3 | 12", "2*-3 | -6", "- -3 | 3", "+5 | 5", "1,234 + 1 | 1235", "1.50 + 1.50 | 3", "0 * 5.00 | 0",
        "6 × 7 | 42", "84 ÷ 2 | 42", "5 − 3 | 2", "2**3 | 8", ".5 + .5 | 1", "1000000 * 1000000 | 1000000000000", "((((1)))) | 1", "100 | 100", "3.10 | 3.1"})
    void worksOut(String expression, String value) {
        assertThat(Calculator.calculate(expression)).isEqualTo(value);
    }

    @Test
    void aQuotientWithoutEndIsRounded() {
        assertThat(Calculator.calculate("1/3")).isEqualTo("0.3333333333");
        assertThat(Calculator.calculate("1000000000000/3")).isEqualTo("333333333333.3333333333");
        assertThat(Calculator.calculate("2/3*3")).isEqualTo("2.0000000001");
        assertThat(Calculator.calculate("1/2^40")).isEqualTo("0.0000000000009094947017729282379150390625");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "1 + | at character 4 of \"1 +\": expected a number or (, found the end", "(1 + 2 | expected ), found the end", "1 2 | at character 3 of \"1 2\": expected an operator or the end, found \"2\"",
        "two + 2 | at character 1", "5 / 0 | 5 cannot be divided by 0", "5 % (3-3) | cannot be divided by 0", "2^0.5 | the exponent 0.5 is no whole number", "9^1001 | too many digits",
        "2^99999999999 | no whole number of usual size", "12,34 | expected an operator", "1..2 | expected an operator", ". | expected a number"})
    void saysWhatIsWrongAndWhere(String expression, String message) {
        assertThatThrownBy(() -> Calculator.calculate(expression)).isInstanceOf(Calculator.CalculatorException.class).hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", ")", "()", "1)", "System.exit(0)", "1e5", "0x10", "a", "1+/2", "^2"})
    void refusesWhatIsNoExpression(String expression) {
        assertThatThrownBy(() -> Calculator.calculate(expression)).isInstanceOf(Calculator.CalculatorException.class);
    }

    @Test
    void hostileExpressionsEndQuickly() {
        for (String hostile : new String[] {"(".repeat(900), "-".repeat(900), "9^999^999", "(9^999)^999", "(((9^999)*(9^999))*(9^999))*(9^999)", "1".repeat(1001), "2^(2^(2^(2^9)))"}) {
            assertThatThrownBy(() -> Calculator.calculate(hostile)).as(hostile).isInstanceOf(Calculator.CalculatorException.class);
        }
    }

    @Test
    void agreesWithBigDecimal() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 2000; i++) {
            BigDecimal a = BigDecimal.valueOf(random.nextLong(-99999, 99999), random.nextInt(4)), b = BigDecimal.valueOf(random.nextLong(-99999, 99999), random.nextInt(4));
            String x = "(" + a.toPlainString() + ")", y = "(" + b.toPlainString() + ")";
            assertThat(new BigDecimal(Calculator.calculate(x + "+" + y))).as("%s+%s", a, b).isEqualByComparingTo(a.add(b));
            assertThat(new BigDecimal(Calculator.calculate(x + "-" + y))).as("%s-%s", a, b).isEqualByComparingTo(a.subtract(b));
            assertThat(new BigDecimal(Calculator.calculate(x + "*" + y))).as("%s*%s", a, b).isEqualByComparingTo(a.multiply(b));
        }
    }

    @Test
    void answersACallOfAModel() {
        assertThat(Calculator.call("{\"expression\": \"6*7\"}")).isEqualTo("42");
        assertThat(Calculator.call("{\"expression\": \"6*\"}")).startsWith("error: calculator: at character 3");
        assertThat(Calculator.call("{\"sum\": \"6*7\"}")).startsWith("error: calculator: the arguments are");
        assertThat(Calculator.call("6*7")).startsWith("error: calculator");
        assertThat(Calculator.call("{\"expression\": ")).startsWith("error: calculator: the arguments are no JSON");
    }
}
