package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Switches;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/// No test at a width that this machine lacks: such vectors are arrays on the heap there, a thousand times slower, and nobody computes with them.
public final class WidthCondition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        int own = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        return Switches.VECTOR_BITS > own ? ConditionEvaluationResult.disabled("this machine has vectors of " + own + " bits, not of " + Switches.VECTOR_BITS) : ConditionEvaluationResult.enabled("");
    }
}
