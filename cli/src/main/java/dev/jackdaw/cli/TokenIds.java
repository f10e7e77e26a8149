package dev.jackdaw.cli;

/// Token ids on the command line: `1,2,3`.
final class TokenIds {
    private TokenIds() {
    }

    static int[] parse(String text, CommonOptions common) {
        String[] parts = text.strip().split("[,\\s]+");
        int[] ids = new int[parts.length];
        for (int i = 0; i < ids.length; i++) {
            try {
                ids[i] = Integer.parseInt(parts[i]);
            } catch (NumberFormatException _) {
                throw common.wrong("--ids: \"" + parts[i] + "\" is not a token id; give whole numbers separated by commas");
            }
        }
        return ids;
    }
}
