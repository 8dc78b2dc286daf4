"""Sentences for generated articles and comments."""

from clinic.demo.bulk.rows import mixed

OPENINGS: tuple[str, ...] = (
    "How to strengthen",
    "When to rest",
    "What helps",
    "Five minutes for",
    "First steps with",
    "Myths about",
)
OPENINGS += ("Warming up", "Questions about", "A calm plan for", "Understanding", "Training", "Stretching")
PARTS: tuple[str, ...] = (
    "your lower back",
    "stiff hips",
    "the knees",
    "tired shoulders",
    "your neck",
    "weak ankles",
    "the upper back",
)
PARTS += ("sore wrists", "your feet", "the pelvic floor", "tight calves", "an aching elbow")
OCCASIONS: tuple[str, ...] = (
    "at the desk",
    "after running",
    "on long flights",
    "in pregnancy",
    "after sixty",
    "before the season",
)
OCCASIONS += ("while travelling", "after surgery", "with little time", "at home", "on the stairs", "in the garden")
# Each stands in one article of a few dozen.
RARE: tuple[str, ...] = (
    "gastrocnemius",
    "piriformis",
    "quadratus",
    "trapezius",
    "rhomboid",
    "serratus",
    "sartorius",
    "popliteus",
)
RARE += ("plantaris", "gracilis", "pectineus", "soleus", "infraspinatus", "supraspinatus", "subscapularis", "psoas")
RARE += ("multifidus", "longissimus", "semispinalis", "splenius", "brachialis", "anconeus", "pronator", "supinator")
SENTENCES = (
    "Most pain of this kind settles within a few weeks, and movement helps it on its way.",
    "Begin with what you can do without holding your breath, and add a little every third day.",
    "A joint that is used is a joint that is fed: its cartilage lives on being pressed and let go.",
    "Write down what you did and how it felt the morning after; that is the number that counts.",
    "Strength comes from work that is hard enough, and from nights that are long enough.",
    "If one side is worse, train both, and give the weaker one the last set.",
    "Stand up once in every half hour, walk to the window, and let your arms hang.",
    "Ice and heat are for comfort; neither mends anything, and both are fine.",
    "A picture of your spine says little about how it feels: many people without pain have the same changes.",
    "Slow lowering builds more than fast lifting, so take three seconds on the way down.",
    "Balance is a skill, and skills fade when nobody asks for them.",
    "Tell your therapist what you are afraid of; it is part of the pain and part of the plan.",
    "Shoes matter less than the change from one to another, so change them slowly.",
    "When a movement hurts, make it smaller before you leave it out.",
    "Three short walks do as much as one long one, and they fit between two meetings.",
    "Pain that wakes you every night, or a leg that grows numb, should be looked at this week.",
    "Pilates asks for control before effort, which is why it suits people who have hurt themselves by trying hard.",
    "Your tendons take twelve weeks to believe you, so do not judge the plan by its first fortnight.",
    "Carry the heavy bag close to you and turn with your feet.",
    "Breathing out on the effort keeps the pressure where it belongs.",
    "Nobody sits perfectly; the best posture is the next one.",
    "On a bad day do half, and be proud of it.",
    "Older muscles answer to training as younger ones do; they only ask for more patience.",
    "Stop when the form goes, not when the breath does.",
)
THANKS = (
    "Thank you, this is the first text that told me what to do and not only what not to do.",
    "I have done this for three weeks and can tie my shoes again without a thought.",
    "Does this hold for somebody who had surgery last year?",
    "My mother is over eighty and does the second exercise while the kettle boils.",
    "Clear and kind, as always.",
    "The part about sleep surprised me.",
    "How many days in a week would you begin with?",
    "I printed it and put it on the fridge.",
)


def title_of(number: int) -> str:
    """Return the title of an article."""
    which = mixed(number, 1)
    place, rest = OCCASIONS[which % 12], which // 12
    return f"{OPENINGS[rest % 12]} {PARTS[rest // 12 % 12]} {place}"


def sentences_of(number: int, salt: int, how_many: int) -> str:
    """Return some sentences, chosen by number and salt."""
    return " ".join(SENTENCES[mixed(number, salt * 100 + place) % len(SENTENCES)] for place in range(how_many))


def comment_of(number: int) -> str:
    """Return the text of a comment."""
    first, second = mixed(number, 3) % len(THANKS), mixed(number, 4) % (2 * len(THANKS))
    return " ".join([THANKS[first], *THANKS[second : second + 1]])
