package dev.jackdaw.train.assistant;

import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Questions that the assistant cannot answer: about the world, other languages and libraries, and types that nobody wrote. The forms and
/// the subjects of the examination are others than those that are learned.
final class Outside {
    /// The one answer to all of them.
    static final String ANSWER = "I do not know. I only know the Java class library.";
    /// How it begins, by which an examiner knows it.
    static final String MARK = "I do not know";

    /// A kind of question: forms, and what can stand in them.
    private record Area(List<String> forms, List<String> subjects) {
        static Area of(String forms, String subjects) {
            return new Area(List.of(forms.split("\\s*\\|\\s*")), List.of(subjects.split("\\s*\\|\\s*")));
        }
    }

    private static final List<Area> LEARNED = List.of(
        Area.of("What is the capital of {}?|How many people live in {}?|Where is {}?|What language do they speak in {}?|Tell me about {}.|How far is it to {}?|What is the weather in {}?|Who rules {}?|What is {} famous for?|How big is {}?|How do I travel to {}?|Which river flows through {}?|Is {} a nice place?|When was {} founded?",
            "France|Italy|Japan|Brazil|Egypt|Norway|Canada|India|Kenya|Chile|Spain|Poland|Turkey|Peru|Cuba|Iceland|Paris|Rome|Tokyo|Berlin|Madrid|London|Moscow|Sydney|Cairo|Lima|Oslo|Vienna"),
        Area.of("Who was {}?|When was {} born?|Where did {} live?|What did {} invent?|Why is {} famous?|What did {} paint?|How did {} become famous?|Was {} married?|Who is {}?|Tell me about the life of {}.",
            "Albert Einstein|Isaac Newton|Marie Curie|Mozart|Napoleon|Cleopatra|Shakespeare|Leonardo da Vinci|Gandhi|Julius Caesar|Beethoven|Charles Darwin|Galileo|Picasso|Aristotle|Goethe"),
        Area.of("How do I cook {}?|What is in {}?|Is {} healthy?|How long does {} keep?|Do you like {}?|Where can I buy {}?|How much does {} cost?|How is {} made?|Give me a recipe for {}.|Who invented {}?|What can I do with {}?",
            "pasta|rice|bread|soup|pizza|an apple pie|coffee|tea|cheese|fish|potatoes|a cake|pancakes|salad|an omelette|chocolate|honey|noodles"),
        Area.of("What is {}?|How does {} work?|Why is there {}?|Explain {} to me.|What causes {}?|Who discovered {}?",
            "gravity|a black hole|photosynthesis|electricity|the moon|a volcano|lightning|evolution|an atom|a rainbow|the tide|an earthquake|a comet|dark matter|oxygen|the heart|a vaccine"),
        Area.of("Will it rain {}?|What day is it {}?|What happened {}?|Who won the game {}?|What is on television {}?|What will the weather be {}?|What are the news {}?|How cold will it get {}?|Where are you going {}?|Who is coming {}?",
            "today|tomorrow|tonight|yesterday|this week|on Monday|next week|on Friday|in the morning|last night"),
        Area.of("How tall is {}?|What does {} eat?|How old can {} get?|Where does {} live?|How fast is {}?|Is {} dangerous?",
            "an elephant|a dog|a cat|a horse|a lion|a whale|an eagle|a shark|a giraffe|a bear|a mouse|a wolf|a tiger|a frog|a bee|an ant"),
        Area.of("What does {} return?|Which package is {} in?|What kind of type is {}?|Which exception does {} throw?|What does {} do?|How do I use {}?|Since when is there {}?|What is {}?|Is {} deprecated?",
            "numpy.array|pandas.DataFrame|os.path.join|json.loads|len()|print()|torch.nn.Linear|requests.get|std::vector|std::map|printf|malloc|strlen|fopen|Vec::new|Option::unwrap|println!|fmt.Println|"
            + "console.log|document.getElementById|Array.prototype.map|JSON.stringify|jQuery|React.useState|lodash|express|array_map|str_replace|puts|attr_accessor|dplyr|ggplot|Console.WriteLine|"
            + "com.google.common.collect.ImmutableList|org.springframework.boot|org.junit.Test|org.apache.commons.lang3|lombok.Data|io.netty|org.slf4j.Logger|org.hibernate.Session|kotlin.collections|scipy.stats|datetime.now|sorted()|memcpy|sprintf|fgets|std::cout|std::unique_ptr|HashMap::insert|Box::new|"
            + "vec!|assert_eq!|fs.readFile|axios.get|$.ajax|Date.now|window.location|Vue.component|Array.prototype.reduce|array_push|strtolower|preg_split|gsub|tidyverse|DateTime.Now|org.jsoup.Jsoup|os.Open|"
            + "com.fasterxml.jackson.databind|org.apache.logging.log4j|io.micronaut|akka.actor.Actor|retrofit2.Call|bytes.Buffer|strconv.Itoa|np.dot|plt.plot|torch.optim.Adam|sklearn.svm|time.sleep"),
        Area.of("How do I write a loop in {}?|Is {} better than Java?|How do I install {}?|What is {} used for?|Who invented {}?|How do I sort a list in {}?|How do I open a file in {}?|Write a program in {}.|Explain {}.|How do I declare a variable in {}?|What is the latest release of {}?|Is {} easy to learn?|Who uses {}?|Should people use {}?",
            "Python|Rust|JavaScript|C++|Go|Ruby|PHP|Swift|Haskell|Kotlin|Scala|Perl|Lua|TypeScript|SQL|Fortran|Cobol|Pascal"),
        Area.of("What should I {}?|Can you help me to {}?|Where can I {}?|When should I {}?|How can I {}?|Do you want to {}?",
            "eat|wear today|read|give my mother|learn to swim|lose weight|find a job|buy a car|sleep better|learn French|play chess|plant a tree|travel to Spain|save money|paint a wall|fix my bike"),
        Area.of("Who won the world cup in {}?|What happened in {}?|Who was president in {}?|Which film won in {}?|Which war began in {}?|What was invented in {}?|Who was pope in {}?|Who ruled in {}?|Which book was popular in {}?|Was there a war in {}?",
            "1984|1901|1776|1066|1958|2003|1990|1998|2006|1914|1945|1969|1789|1815|1492|2010|2016|1871|1929|1966|1989|2001"),
        Area.of("Write a {} about the sea.|Sing a {}.|Tell me a {}.|Do you know a good {}?|Translate this {} into German.|Recommend a {}.|Invent a {} for us.|Read me a {}.|Who wrote the best {}?|I would like a {}.", "poem|song|joke|story|book|film|riddle|fairy tale|novel|game"),
        Area.of("What is my {}?|Do you know my {}?|Where is my {}?|When is my {}?|Can you find my {}?|What colour is my {}?|Why does my {} look so strange?|Who took my {}?|Is my {} old?|How much is my {} worth?", "name|birthday|address|password|phone|car|key|dog|age|account|bag|house"));

    private static final List<Area> EXAMINED = List.of(
        Area.of("Which city is the capital of {}?|How large is {}?|What money do they use in {}?|What is {} known for?|How do I get to {}?",
            "Portugal|Greece|Mexico|Finland|Vietnam|Denmark|Ghana|Austria|Lisbon|Athens|Prague|Boston|Nairobi|Helsinki"),
        Area.of("What did {} do?|When did {} die?|Where was {} born?|What is {} known for?|What did {} write?", "Johannes Kepler|Abraham Lincoln|Frida Kahlo|Bach|Plato|Ada Lovelace|Columbus|Tolstoy|Mandela|Rembrandt"),
        Area.of("What is the recipe for {}?|How do I make {}?|Can I eat {} every day?|What goes well with {}?", "lasagne|sushi|pea soup|ice cream|a burger|curry|apple juice|mustard|beans|waffles"),
        Area.of("Why does {} exist?|Can you explain {}?|What do we know about {}?|How was {} discovered?", "magnetism|a supernova|the ozone layer|a glacier|penicillin|the brain|a tornado|inflation|gold|the sun"),
        Area.of("Is it going to snow {}?|How warm will it be {}?|Who is playing {}?|Which shops are open {}?", "this evening|on Sunday|next month|this afternoon|on Tuesday|at noon"),
        Area.of("How heavy is {}?|How long does {} sleep?|Can {} swim?|What sound does {} make?", "a cow|a pig|an owl|a snake|a rabbit|a penguin|a goat|a spider|a deer|a dolphin"),
        Area.of("What does {} return?|Which package is {} in?|What kind of type is {}?|Which exception does {} throw?|What does {} do?|Explain {}.",
            "numpy.zeros|pandas.read_csv|os.listdir|re.compile|range()|torch.Tensor.view|std::string|std::sort|scanf|calloc|strcmp|Vec::push|Result::expect|format!|strings.Split|window.alert|"
            + "Array.prototype.filter|JSON.parse|React.useEffect|str_repeat|preg_match|Console.ReadLine|com.google.common.base.Joiner|org.springframework.web|org.mockito.Mockito|org.apache.kafka"),
        Area.of("How do I define a function in {}?|Is {} hard to learn?|How do I read a line in {}?|What is the newest version of {}?|Should I learn {}?", "Julia|Erlang|Dart|Elixir|OCaml|Bash|Prolog|Zig|Ada|Lisp"),
        Area.of("How much does it cost to {}?|Is it hard to {}?|Why should I {}?|Who can help me to {}?", "buy a house|learn the piano|run a marathon|move to Canada|build a boat|grow tomatoes|climb a mountain|write a book"),
        Area.of("Which team was the best in {}?|Who was king in {}?|What was the most popular song in {}?|What did people wear in {}?", "1954|1974|2014|1848|1939|1963|1618|1995"),
        Area.of("Make up a {} for my children.|Which {} do you like best?|Give me a {}.|Who wrote this {}?", "limerick|puzzle|bedtime story|proverb|quiz|ballad|play"),
        Area.of("Who has my {}?|How old is my {}?|Please call my {}.|Why is my {} broken?", "sister|boss|laptop|bicycle|cat|window|teacher|watch"));

    /// Invented names are made of syllables that sound like nothing in Java; a hash of the name decides on which side it is.
    private static final String[] ONSETS = "B Bl Br Ch D Dr F Fl Fn G Gl Gr H J K Kl Kr M N P Pl Pr Qu R S Sk Skr Sl Sn Sp St T Tr V W Y Z Zw".split(" ");
    private static final String[] VOWELS = "a e i o u oo ee au".split(" ");
    private static final String[] CODAS = "b d f g k l m n p r s t x z ff nk mp zz rt".split(" ");
    private static final String[] ENDINGS = {"ble", "tron", "ix", "pop", "zle", "wick", "mook", "dax", "fer", "nut", "gle", "bot", "oid", "fizz", "rup", "lant", "quin", "sock", "", ""};
    /// What people do, and with what, in questions that are learned only.
    private static final String[] FRAMES = {"How do I {v} {n}?", "Why does anyone {v} {n}?", "When did they {v} {n}?", "Can you {v} {n}?", "Where do people {v} {n}?", "Is it easy to {v} {n}?",
        "How long does it take to {v} {n}?", "Please {v} {n} for me.", "Did she {v} {n}?", "What do I need to {v} {n}?", "Who wants to {v} {n}?", "I want to {v} {n}.", "How often should I {v} {n}?",
        "Which of them will {v} {n}?", "Show me somebody who can {v} {n}.", "How expensive is it to {v} {n}?", "Have you ever seen anyone {v} {n}?"};
    private static final String[] VERBS = {"build", "paint", "sell", "clean", "carry", "lift", "hide", "borrow", "draw", "wash", "move", "repair", "bake", "plant", "catch", "break", "teach", "visit", "win", "lose",
        "wear", "cut", "boil", "buy", "feed", "photograph", "choose", "polish", "count", "rent", "cook", "eat", "drink", "grow", "ride", "drive"};
    private static final String[] NOUNS = {"a chair", "the garden", "a violin", "the kitchen", "a postcard", "my shoes", "the roof", "a camera", "a tent", "old clothes", "a mountain", "some soup", "a bicycle",
        "the dishes", "a guitar", "a rabbit", "a castle", "my hair", "a balloon", "two tickets", "a birthday cake", "the neighbours", "a sailing boat", "lemonade", "a wooden box", "onions", "the piano", "a snowman",
        "a good present", "green tea", "a museum", "a farm", "strawberries", "a football", "a lamp", "wine"};
    private static final String[] ABOUT_TYPES = {"Which package is {} in?", "What kind of type is {}?", "What does {} do?", "Since when is there {}?", "Is {} deprecated?",
        "What does {}.{m} return?", "Which exception does {}.{m} throw?", "What does {}.{m} do?", "Where is {}?", "Describe {}."};
    private static final String[] METHODS = {"get", "run", "fizzle", "snork", "blip", "close", "grumble", "size", "waddle", "add"};

    private Outside() {
    }

    /// One question, of those that are learned or of those that are examined.
    static Exercise next(boolean isExamined, SplittableRandom random) {
        List<Area> areas = isExamined ? EXAMINED : LEARNED;
        int kind = random.nextInt(areas.size() + (isExamined ? 2 : 6));        // what exists in no library is asked for more often than other areas
        if (kind >= areas.size() + 2) {
            String noun = pick(NOUNS, random);
            return exercise(pick(FRAMES, random).replace("{v}", pick(VERBS, random)).replace("{n}", "{}"), noun);
        } else if (kind >= areas.size()) {
            return exercise(pick(ABOUT_TYPES, random).replace("{m}", pick(METHODS, random)), invented(isExamined, random));
        }
        Area area = areas.get(kind);
        return exercise(area.forms().get(random.nextInt(area.forms().size())), area.subjects().get(random.nextInt(area.subjects().size())));
    }

    private static String invented(boolean isExamined, SplittableRandom random) {
        while (true) {
            String name = pick(ONSETS, random) + pick(VOWELS, random) + pick(CODAS, random)
                    + (random.nextInt(3) == 0 ? pick(ONSETS, random).toLowerCase(Locale.ROOT) + pick(VOWELS, random) + pick(CODAS, random) : "") + pick(ENDINGS, random);
            if (name.length() > 5 && Math.floorMod(name.hashCode() * 0x9E3779B1 >>> 7, 5) == 0 == isExamined) {
                return name;
            }
        }
    }

    private static Exercise exercise(String form, String subject) {
        return Exercise.of(Exercise.OUTSIDE, form.replace("{}", subject), ANSWER, MARK, subject);
    }

    private static String pick(String[] from, SplittableRandom random) {
        return from[random.nextInt(from.length)];
    }
}
