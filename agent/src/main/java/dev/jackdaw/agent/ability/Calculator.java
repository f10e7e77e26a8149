package dev.jackdaw.agent.ability;

import java.math.BigDecimal;
import java.math.MathContext;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Works out arithmetic exactly: `+ - * / % ^`, brackets and decimal numbers, as written by a person or a model.
///
/// Numbers are decimal, so 0.1 + 0.2 is 0.3. Only a quotient that has no end is rounded, to ten digits
/// after those before the point. `^` binds tighter than a sign before it
/// (−2^2 is −4) and groups to the right; `%` is the remainder with the sign of the dividend, as in Java.
/// `×`, `·`, `÷`, `−` and `**` are read as what they mean, and commas between groups of three digits are passed over.
public final class Calculator {
    /// What cannot be worked out, and where.
    public static final class CalculatorException extends RuntimeException {
        private static final long serialVersionUID = 1;

        CalculatorException(String message) {
            super(message);
        }
    }

    private static final JsonMapper JSON = JsonMapper.shared();
    public static final String NAME = "calculator";
    private static final int LONGEST = 1000;
    private static final int MOST_DEPTH = 100;
    private static final int MOST_POWER = 1000;
    private static final int MOST_EXACT = 34;
    private static final int MOST_DIGITS = 2000;

    private final String text;
    private int at;
    private int depth;

    private Calculator(String text) {
        this.text = text;
    }

    /// The value of an expression, without needless zeros.
    ///
    /// @throws CalculatorException saying what is wrong and where
    public static String calculate(String expression) {
        if (expression.length() > LONGEST) {
            throw new CalculatorException("calculator: the expression has " + expression.length() + " characters; at most " + LONGEST + " are read");
        }
        Calculator calculator = new Calculator(expression);
        BigDecimal value = calculator.sum();
        calculator.blanks();
        if (calculator.at < expression.length()) {
            throw calculator.wrong("expected an operator or the end");
        }
        BigDecimal plain = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
        return plain.toPlainString();
    }

    /// The answer to a model's call, whose arguments are `{"expression": "6*7"}`: the value, or what was wrong, which the model gets to read.
    public static String call(String arguments) {
        try {
            JsonNode expression = JSON.readTree(arguments).path("expression");
            return expression.isString() ? calculate(expression.stringValue()) : "error: calculator: the arguments are " + arguments + "; expected {\"expression\": \"6*7\"}";
        } catch (JacksonException e) {
            return "error: calculator: the arguments are no JSON: " + e.getOriginalMessage();
        } catch (CalculatorException e) {
            return "error: " + e.getMessage();
        }
    }

    private BigDecimal sum() {
        BigDecimal value = product();
        while (true) {
            if (takes('+')) {
                value = checked(value.add(product()));
            } else if (takes('-') || takes('−')) {
                value = checked(value.subtract(product()));
            } else {
                return value;
            }
        }
    }

    private BigDecimal product() {
        BigDecimal value = signed();
        while (true) {
            if (takes('*') || takes('×') || takes('·')) {
                value = checked(value.multiply(signed()));
            } else if (takes('/') || takes('÷')) {
                value = quotient(value, signed());
            } else if (takes('%')) {
                BigDecimal divisor = signed();
                requireDivisor(value, divisor);
                value = value.remainder(divisor);
            } else {
                return value;
            }
        }
    }

    private static BigDecimal quotient(BigDecimal value, BigDecimal divisor) {
        requireDivisor(value, divisor);
        try {
            BigDecimal exact = value.divide(divisor);
            return exact.precision() <= MOST_EXACT ? exact : rounded(value, divisor);
        } catch (ArithmeticException _) {                          // 1/3 has no end
            return rounded(value, divisor);
        }
    }

    private static BigDecimal rounded(BigDecimal value, BigDecimal divisor) {
        int before = Math.max(0, value.precision() - value.scale() - (divisor.precision() - divisor.scale()));
        return value.divide(divisor, new MathContext(10 + before));
    }

    private static void requireDivisor(BigDecimal value, BigDecimal divisor) {
        if (divisor.signum() == 0) {
            throw new CalculatorException("calculator: " + value.toPlainString() + " cannot be divided by 0");
        }
    }

    private BigDecimal signed() {
        if (++depth > MOST_DEPTH) {
            throw new CalculatorException("calculator: more than " + MOST_DEPTH + " brackets and signs inside each other");
        }
        try {
            if (takes('-') || takes('−')) {
                return signed().negate();
            }
            return takes('+') ? signed() : power();
        } finally {
            depth--;
        }
    }

    private BigDecimal power() {
        BigDecimal base = operand();
        if (!takesPower()) {
            return base;
        }
        BigDecimal exponent = signed();
        int times;
        try {
            times = exponent.intValueExact();
        } catch (ArithmeticException _) {
            throw new CalculatorException("calculator: the exponent " + exponent.toPlainString() + " is no whole number of usual size");
        }
        if (Math.abs((long) times) > MOST_POWER || (long) base.precision() * Math.abs(times) > 4L * MOST_DIGITS) {
            throw new CalculatorException("calculator: " + base.toPlainString() + "^" + times + " has too many digits; at most " + MOST_DIGITS + " are worked out, with exponents up to " + MOST_POWER);
        }
        return times >= 0 ? checked(base.pow(times)) : quotient(BigDecimal.ONE, base.pow(-times));
    }

    private boolean takesPower() {
        blanks();
        if (text.startsWith("**", at)) {
            at += 2;
            return true;
        }
        return takes('^');
    }

    private BigDecimal operand() {
        blanks();
        if (takes('(')) {
            if (++depth > MOST_DEPTH) {
                throw new CalculatorException("calculator: more than " + MOST_DEPTH + " brackets and signs inside each other");
            }
            BigDecimal value = sum();
            depth--;
            if (!takes(')')) {
                throw wrong("expected )");
            }
            return value;
        }
        StringBuilder digits = new StringBuilder();
        boolean hasPoint = false;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c >= '0' && c <= '9') {
                digits.append(c);
            } else if (c == '.' && !hasPoint) {
                hasPoint = true;
                digits.append(c);
            } else if (!(c == ',' && !hasPoint && isGroup(at))) {
                break;
            }
        }
        if (digits.isEmpty() || digits.toString().equals(".")) {
            throw wrong("expected a number or (");
        }
        return new BigDecimal(digits.toString());
    }

    /// A comma after a digit, with exactly three digits behind it.
    private boolean isGroup(int comma) {
        int end = comma + 1;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        return comma > 0 && Character.isDigit(text.charAt(comma - 1)) && end == comma + 4;
    }

    private static BigDecimal checked(BigDecimal value) {
        if (value.precision() > MOST_DIGITS || Math.abs((long) value.scale()) > MOST_DIGITS) {
            throw new CalculatorException("calculator: the result has more than " + MOST_DIGITS + " digits");
        }
        return value;
    }

    private boolean takes(char c) {
        blanks();
        if (at < text.length() && text.charAt(at) == c && !(c == '*' && text.startsWith("**", at))) {
            at++;
            return true;
        }
        return false;
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private CalculatorException wrong(String expected) {
        return new CalculatorException("calculator: at character " + (at + 1) + " of \"" + text + "\": " + expected + ", found "
                + (at < text.length() ? "\"" + text.charAt(at) + "\"" : "the end"));
    }
}
