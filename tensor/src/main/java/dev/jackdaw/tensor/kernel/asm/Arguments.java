package dev.jackdaw.tensor.kernel.asm;

/// The block of memory through which Java tells a kernel what to do: 64-bit numbers at these offsets. A kernel may change all of them.
public final class Arguments {
    /// First row of y, at the first panel.
    public static final int Y = 0;
    public static final int Y_ROW_BYTES = 8;
    /// First row of x: activation blocks, or F32 numbers.
    public static final int X = 16;
    public static final int X_ROW_BYTES = 24;
    public static final int ROWS = 32;
    /// The first panel.
    public static final int PACKED = 40;
    public static final int PANEL_BYTES = 48;
    public static final int PANELS = 56;
    /// Groups of 32 columns.
    public static final int GROUPS = 64;
    public static final int HIGH_AT = 72;
    public static final int SCALES_AT = 80;
    public static final int MINS_AT = 88;
    public static final int SUPER_SCALES_AT = 96;
    public static final int SUPER_MINS_AT = 104;
    /// One bit for each lane of the last panel that is stored.
    public static final int LAST_MASK = 112;
    /// Scratch as large as [QuantCode#scratchBytes] says, on a cache line.
    public static final int SCRATCH = 120;
    /// What the first tiles ask for of the next weights: lines in every group of 32 columns, or bytes for every column.
    public static final int PREFETCHES = 128;
    public static final int COLUMNS = 192;
    /// How many tiles do that.
    public static final int PREFETCH_TILES = 200;
    // Places for the kernel itself.
    static final int GROUP = 136;
    static final int STEP = 144;
    static final int ROWS_LEFT = 152;
    static final int X_NOW = 160;
    static final int SUMS_NOW = 168;
    static final int SECOND = 176;
    static final int ENDS = 184;
    static final int PREFETCH_NOW = 208;
    static final int STRIDE = 216;
    static final int STRIDES = 224;
    public static final int BYTES = 256;

    private Arguments() {
    }
}
