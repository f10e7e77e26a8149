package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name table of one family in one kind of file: which tensors of the file hold which of our weights, and in what [Form].
/// In patterns `#` stands for the number of a layer and `{e}` for that of an expert.
public final class Names {
    private static final Pattern LAYER = Pattern.compile("^(model\\.layers\\.)(\\d+)(\\..*)$");

    /// Tensors `files` hold weights `ours`.
    public record Link(List<String> files, List<String> ours, Form form) {
    }

    private final Map<String, Link> links = new HashMap<>();

    /// One tensor `file` for one weight `ours`, full names.
    public Names exact(String ours, String file, Form form) {
        return link(List.of(ours), List.of(file), form);
    }

    public Names link(List<String> ours, List<String> files, Form form) {
        Link link = new Link(List.copyOf(files), List.copyOf(ours), form);
        ours.forEach(name -> links.put(name, link));
        return this;
    }

    /// Stems: the weight and the bias of each.
    public Names stem(String ours, String file) {
        return stems(List.of(ours), List.of(file), Form.SAME);
    }

    public Names stems(List<String> ours, List<String> files, Form form) {
        for (String end : List.of(".weight", ".bias")) {
            link(ours.stream().map(name -> name + end).toList(), files.stream().map(name -> name + end).toList(), form);
        }
        return this;
    }

    /// Where our weight is; null where the table does not know it. Layer and expert numbers are filled in.
    public Link find(String ours) {
        Matcher layer = LAYER.matcher(ours);
        String number = layer.matches() ? layer.group(2) : null;
        Link link = links.get(number == null ? ours : layer.group(1) + "#" + layer.group(3));
        if (link == null || number == null && !(link.form() instanceof Form.EachExpert)) {
            return link;
        }
        List<String> files = new ArrayList<>();
        for (String file : link.files()) {
            String name = file.replace("#", number);
            if (link.form() instanceof Form.EachExpert(int experts)) {
                for (int e = 0; e < experts; e++) {
                    files.add(name.replace("{e}", Integer.toString(e)));
                }
            } else {
                files.add(name);
            }
        }
        return new Link(files, link.ours().stream().map(name -> name.replace("#", number)).toList(), link.form());
    }

    /// Every link that the weights of `spec` need, in the order of the computation.
    public List<Link> links(ModelSpec spec) {
        Map<List<String>, Link> all = new LinkedHashMap<>();
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            Link link = find(parameter.name());
            if (link == null) {
                throw new IllegalArgumentException("family " + spec.family() + ": there is no name for weight " + parameter.name() + " in this kind of file");
            }
            all.putIfAbsent(link.files(), link);
        }
        return new ArrayList<>(all.values());
    }

    static Map<String, Shape> shapes(ModelSpec spec) {
        Map<String, Shape> shapes = new HashMap<>();
        spec.parameters().forEach(parameter -> shapes.put(parameter.name(), Shape.of(parameter.sizes())));
        return shapes;
    }
}
