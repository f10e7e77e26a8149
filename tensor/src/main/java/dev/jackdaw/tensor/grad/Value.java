package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.util.List;

/// One named quantity of a forward pass: an input, a weight, or what an operation makes.
///
/// While a [Plan] is being recorded a value is only a shape; its `data` and `gradient` get their place when the plan is laid out.
public final class Value {
    private final String name;
    private final DType type;
    private final Shape shape;
    private Tensor data;
    private Tensor gradient;
    private PackedWeight packed;
    private LowRank change;
    private List<Value> parts = List.of(this);

    private Value(String name, DType type, Shape shape) {
        this.name = name;
        this.type = type;
        this.shape = shape;
    }

    /// A weight or an input that exists already. `gradient` is null where none is wanted.
    public static Value of(String name, Tensor data, Tensor gradient) {
        Value value = new Value(name, data.type(), data.shape());
        value.data = data;
        value.gradient = gradient;
        return value;
    }

    /// A weight that is packed for inference; it has no plain data.
    public static Value packed(String name, PackedWeight weight) {
        Value value = new Value(name, DType.F32, Shape.of(weight.rows(), weight.columns()));
        value.packed = weight;
        return value;
    }

    /// Weights that count as one, row under row, though each lies in a place of its own: the gates and the ups of an expert.
    public static Value stacked(String name, Value... parts) {
        if (parts.length == 1) {
            return parts[0];
        }
        long[] sizes = parts[0].shape.toArray();
        for (int i = 1; i < parts.length; i++) {
            sizes[0] += parts[i].shape.size(0);
        }
        Value value = new Value(name, DType.F32, Shape.of(sizes));
        value.parts = List.of(parts);
        return value;
    }

    /// A frozen weight with what is trained beside it.
    public static Value adapted(Value frozen, LowRank change) {
        Value value = new Value(frozen.name, frozen.type, frozen.shape);
        value.data = frozen.data;
        value.packed = frozen.packed;
        value.change = change;
        return value;
    }

    /// A quantity of F32 whose place is not known yet, or not needed.
    public static Value planned(String name, long... sizes) {
        return new Value(name, DType.F32, Shape.of(sizes));
    }

    public String name() {
        return name;
    }

    public Shape shape() {
        return shape;
    }

    public long rows() {
        return shape.rows();
    }

    public long width() {
        return shape.width();
    }

    long bytes() {
        return type.bytes(shape.elements());
    }

    public Tensor data() {
        return data;
    }

    /// Null for all but packed weights.
    public PackedWeight packed() {
        return packed;
    }

    /// What is trained beside a frozen weight; null for most.
    public LowRank change() {
        return change;
    }

    public Tensor gradient() {
        return gradient;
    }

    /// Those of which a weight is stacked; else itself.
    List<Value> parts() {
        return parts;
    }

    /// A weight that training leaves as it is.
    boolean isFrozen() {
        return gradient == null && (data != null || packed != null);
    }

    boolean isPlaced() {
        return data != null;
    }

    void placeData(Tensor place) {
        data = place.reshape(shape.toArray());
    }

    void placeGradient(Tensor place) {
        gradient = place.reshape(shape.toArray());
    }

    @Override
    public String toString() {
        return name + shape;
    }
}
