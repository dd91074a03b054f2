/* names.c - see names.h. The lists are ours: common names of people in the United States, by memory, not by census. */
#include "names.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { GIVEN_TAIL = 1000, FAMILY_TAIL = 60000, NAME_SIZE_MAX = 24 };

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

// clang-format off
static const char *const given_male[] = {
    "James", "Michael", "Robert", "John", "David", "William", "Richard", "Joseph", "Thomas", "Christopher", "Charles",
    "Daniel", "Matthew", "Anthony", "Mark", "Steven", "Donald", "Andrew", "Joshua", "Paul", "Kenneth", "Kevin", "Brian",
    "Timothy", "Ronald", "Jason", "George", "Edward", "Jeffrey", "Ryan", "Jacob", "Nicholas", "Gary", "Eric",
    "Jonathan", "Stephen", "Larry", "Justin", "Scott", "Brandon", "Benjamin", "Samuel", "Gregory", "Alexander",
    "Patrick", "Frank", "Raymond", "Jack", "Dennis", "Jerry", "Tyler", "Aaron", "Jose", "Adam", "Nathan", "Henry",
    "Zachary", "Douglas", "Peter", "Kyle", "Noah", "Ethan", "Jeremy", "Christian", "Walter", "Keith", "Austin",
    "Roger", "Terry", "Sean", "Gerald", "Carl", "Dylan", "Harold", "Jordan", "Jesse", "Bryan", "Lawrence", "Arthur",
    "Gabriel", "Bruce", "Logan", "Billy", "Joe", "Alan", "Juan", "Elijah", "Willie", "Albert", "Wayne", "Randy",
    "Mason", "Vincent", "Liam", "Roy", "Bobby", "Caleb", "Bradley", "Russell", "Lucas", "José", "Luis", "André",
    "Jürgen", "Søren", "François", "Raúl", "Martín", "Isaac", "Owen", "Levi", "Connor", "Hunter", "Cameron", "Theodore",
    "Leonard", "Victor", "Oscar", "Ernest", "Clarence", "Philip", "Jorge", "Miguel", "Carlos", "Diego", "Mateo",
    "Omar", "Hassan", "Wei", "Minh", "Kofi", "Kwame", "Ivan", "Dmitri", "Pavel", "Stanley", "Leo", "Elias", "Micah",
    "Silas", "Ezra", "Asher", "Gideon", "Simon", "Reuben", "Martin", "Curtis", "Glenn", "Wesley", "Clifford"};
static const char *const given_female[] = {
    "Mary", "Patricia", "Jennifer", "Linda", "Elizabeth", "Barbara", "Susan", "Jessica", "Karen", "Sarah", "Lisa",
    "Nancy", "Sandra", "Ashley", "Emily", "Kimberly", "Betty", "Margaret", "Donna", "Michelle", "Carol", "Amanda",
    "Melissa", "Deborah", "Stephanie", "Rebecca", "Sharon", "Laura", "Cynthia", "Dorothy", "Amy", "Kathleen", "Angela",
    "Shirley", "Emma", "Brenda", "Pamela", "Nicole", "Anna", "Samantha", "Katherine", "Christine", "Debra", "Rachel",
    "Carolyn", "Janet", "Maria", "Olivia", "Heather", "Helen", "Catherine", "Diane", "Julie", "Victoria", "Joyce",
    "Lauren", "Kelly", "Christina", "Ruth", "Joan", "Virginia", "Judith", "Evelyn", "Hannah", "Andrea", "Megan",
    "Cheryl", "Jacqueline", "Madison", "Teresa", "Abigail", "Sophia", "Martha", "Sara", "Gloria", "Janice", "Kathryn",
    "Ann", "Isabella", "Judy", "Charlotte", "Julia", "Grace", "Amber", "Alice", "Jean", "Denise", "Frances",
    "Danielle", "Marilyn", "Natalie", "Beverly", "Diana", "Brittany", "Theresa", "Kayla", "Alexis", "Doris", "Lori",
    "Tiffany", "María", "Zoë", "Chloé", "Inés", "Sofía", "Anaïs", "Ava", "Mia", "Harper", "Ella", "Lily", "Nora",
    "Hazel", "Violet", "Lucy", "Leah", "Naomi", "Esther", "Lydia", "Miriam", "Phoebe", "Priscilla", "Joanna", "Eunice",
    "Guadalupe", "Rosa", "Carmen", "Lucia", "Elena", "Fatima", "Aisha", "Mei", "Linh", "Amina", "Olga", "Irina",
    "Bonnie", "Peggy", "Wendy", "Dawn", "Tina", "Connie", "Rita", "Marjorie", "Edith", "Ethel", "Lois", "June"};
static const char *const family_common[] = {
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez",
    "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee",
    "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young",
    "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker",
    "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner", "Diaz",
    "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook", "Rogers",
    "Gutierrez", "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly", "Howard", "Ramos", "Kim", "Cox",
    "Ward", "Richardson", "Watson", "Brooks", "Chavez", "Wood", "James", "Bennett", "Gray", "Mendoza", "Ruiz",
    "Hughes", "Price", "Alvarez", "Castillo", "Sanders", "Patel", "Myers", "Long", "Ross", "Foster", "Jimenez",
    "Powell", "Jenkins", "Perry", "Russell", "Sullivan", "Bell", "Coleman", "Butler", "Henderson", "Barnes",
    "Gonzales", "Fisher", "Vasquez", "Simmons", "Romero", "Jordan", "Patterson", "Alexander", "Hamilton", "Graham",
    "Reynolds", "Griffin", "Wallace", "Moreno", "West", "Cole", "Hayes", "Bryant", "Herrera", "Gibson", "Ellis",
    "Tran", "Medina", "Aguilar", "Stevens", "Murray", "Ford", "Castro", "Marshall", "Owens", "Harrison", "Fernandez",
    "McDonald", "Woods", "Washington", "Kennedy", "Wells", "Vargas", "Henry", "Chen", "Freeman", "Webb", "Tucker",
    "Guzman", "Burns", "Crawford", "Olson", "Simpson", "Porter", "Hunter", "Gordon", "Mendez", "Silva", "Shaw",
    "Snyder", "Mason", "Dixon", "Muñoz", "Hunt", "Hicks", "Holmes", "Palmer", "Wagner", "Black", "Robertson", "Boyd",
    "Rose", "Stone", "Salazar", "Fox", "Warren", "Mills", "Meyer", "Rice", "Schmidt", "Garza", "Daniels", "Ferguson",
    "Nichols", "Stephens", "Soto", "Weaver", "Ryan", "Gardner", "Payne", "Grant", "Dunn", "Kelley", "Spencer",
    "Hawkins", "Arnold", "Pierce", "Vazquez", "Hansen", "Peters", "Santos", "Hart", "Bradley", "Knight", "Elliott",
    "Cunningham", "Duncan", "Armstrong", "Hudson", "Carroll", "Lane", "Riley", "Andrews", "Alvarado", "Ray", "Delgado",
    "Berry", "Perkins", "Hoffman", "Johnston", "Matthews", "Peña", "Richards", "Contreras", "Willis", "Carpenter",
    "Lawrence", "Sandoval", "Guerrero", "George", "Chapman", "Rios", "Estrada", "Ortega", "Watkins", "Greene",
    "Núñez", "Wheeler", "Valdez", "Harper", "Burke", "Larson", "Santiago", "Maldonado", "Morrison", "Franklin",
    "Carlson", "Austin", "Dominguez", "Carr", "Lawson", "Jacobs", "O'Brien", "Lynch", "Singh", "Vega", "Bishop",
    "Montgomery", "Oliver", "Jensen", "Harvey", "Williamson", "Gilbert", "Dean", "Sims", "Espinoza", "Howell", "Li",
    "Wong", "Reid", "Hanson", "Le", "McCoy", "Garrett", "Burton", "Fuller", "Wang", "Weber", "Welch", "Rojas", "Lucas",
    "Marquez", "Fields", "Park", "Yang", "Little", "Banks", "Padilla", "Day", "Walsh", "Bowman", "Schultz", "Luna",
    "Fowler", "Mejia", "Müller", "O'Connor", "St. John", "de la Cruz", "Van Dyke", "Smith-Jones", "D'Angelo"};
static const char *const nicknames[][2] = {
    {"James", "Jim"}, {"Michael", "Mike"}, {"Robert", "Bob"}, {"John", "Jack"}, {"David", "Dave"}, {"William", "Bill"},
    {"Richard", "Rick"}, {"Joseph", "Joe"}, {"Thomas", "Tom"}, {"Christopher", "Chris"}, {"Charles", "Chuck"},
    {"Daniel", "Dan"}, {"Matthew", "Matt"}, {"Anthony", "Tony"}, {"Steven", "Steve"}, {"Donald", "Don"},
    {"Andrew", "Andy"}, {"Joshua", "Josh"}, {"Kenneth", "Ken"}, {"Timothy", "Tim"}, {"Ronald", "Ron"},
    {"Edward", "Ed"}, {"Jeffrey", "Jeff"}, {"Jacob", "Jake"}, {"Nicholas", "Nick"}, {"Jonathan", "Jon"},
    {"Benjamin", "Ben"}, {"Samuel", "Sam"}, {"Gregory", "Greg"}, {"Alexander", "Alex"}, {"Patrick", "Pat"},
    {"Patricia", "Pat"}, {"Jennifer", "Jen"}, {"Elizabeth", "Liz"}, {"Barbara", "Barb"}, {"Susan", "Sue"},
    {"Jessica", "Jess"}, {"Kimberly", "Kim"}, {"Margaret", "Peggy"}, {"Deborah", "Debbie"}, {"Stephanie", "Steph"},
    {"Rebecca", "Becky"}, {"Cynthia", "Cindy"}, {"Kathleen", "Kathy"}, {"Pamela", "Pam"}, {"Samantha", "Sam"},
    {"Katherine", "Kate"}, {"Christine", "Chris"}, {"Catherine", "Cathy"}, {"Victoria", "Vicky"}, {"Christina", "Tina"},
    {"Judith", "Judy"}, {"Jacqueline", "Jackie"}, {"Abigail", "Abby"}, {"Theresa", "Terry"}, {"Philip", "Phil"},
    {"Theodore", "Ted"}, {"Leonard", "Len"}, {"Lawrence", "Larry"}, {"Gerald", "Jerry"}, {"Zachary", "Zach"}};
static const char *const starts[] = {
    "B", "Br", "C", "Ch", "Cl", "Cr", "D", "Dr", "F", "Fl", "Fr", "G", "Gl", "Gr", "H", "J", "K", "Kl", "Kn", "Kr", "L",
    "M", "N", "P", "Pr", "R", "S", "Sch", "Sh", "Sk", "Sl", "St", "T", "Th", "Tr", "V", "W", "Wh", "Y", "Z"};
static const char *const middles[] = {
    "a", "e", "i", "o", "u", "ar", "er", "or", "an", "en", "in", "on", "al", "el", "il", "ol", "am", "em", "ai", "ea",
    "ie", "oo", "ou", "ub", "ast", "ett", "ind", "orn", "und", "ack"};
static const char *const joints[] = {"b", "d", "f", "g", "k", "l", "ll", "m", "n", "nd", "p", "r", "s", "st", "t", "v"};
static const char *const family_ends[] = {"er", "man", "son", "field", "ton", "ley", "ski", "ini", "ez", "berg", "sen",
    "ham", "well", "ford", "wick", "stein", "oux", "ova", "ard", "ings", "shaw", "by", "den", "ick", "ath"};
static const char *const male_ends[] = {"an", "en", "o", "us", "el", "ton", "ric", "ard", "in", "is"};
static const char *const female_ends[] = {"a", "ia", "ine", "elle", "ie", "anna", "y", "ette", "is", "eth"};
static const char *const street_words[] = {
    "Maple", "Oak", "Cedar", "Pine", "Elm", "Walnut", "Chestnut", "Birch", "Willow", "Sycamore", "Main", "Church",
    "Park", "Washington", "Lake", "Hill", "Meadow", "River", "Spring", "Highland", "Ridge", "Prairie", "Orchard",
    "Franklin", "Jefferson", "Madison", "Monroe", "Jackson", "Lincoln", "Adams", "Grant", "Sherman", "Liberty",
    "Union", "Center", "Front", "Market", "Mill", "Bridge", "Canal", "Harbor", "Bay", "Ocean", "Forest", "Garden",
    "Sunset", "Valley", "Summit", "Vine", "Cherry", "Dogwood", "Magnolia", "Laurel", "Hickory", "Ash", "Poplar",
    "Locust", "Juniper", "Fern", "Ivy", "Rose", "Holly", "Hawthorn", "Fairview", "Pleasant", "Grove", "Glen", "Heron",
    "Eagle", "Falcon", "Robin", "Quail", "Fox", "Deer Run", "Stone", "Quarry", "Cobble", "Brick", "Colonial",
    "Heritage", "Pioneer", "Homestead", "Frontier", "Wagon", "Saddle", "Mustang", "Canyon", "Mesa", "Desert", "Sierra"};
static const char *const street_types[] = {"St", "Ave", "Rd", "Dr", "Ln", "Ct", "Blvd", "Way", "Pl", "Ter"};
static const city cities[] = {
    {"Springfield", "IL", 62701}, {"Columbus", "OH", 43201}, {"Austin", "TX", 78701}, {"Dallas", "TX", 75201},
    {"Houston", "TX", 77001}, {"Nashville", "TN", 37201}, {"Memphis", "TN", 38101}, {"Atlanta", "GA", 30301},
    {"Charlotte", "NC", 28201}, {"Raleigh", "NC", 27601}, {"Greenville", "SC", 29601}, {"Orlando", "FL", 32801},
    {"Tampa", "FL", 33601}, {"Miami", "FL", 33101}, {"Jacksonville", "FL", 32099}, {"Birmingham", "AL", 35201},
    {"Louisville", "KY", 40201}, {"Lexington", "KY", 40502}, {"Indianapolis", "IN", 46201}, {"Fort Wayne", "IN", 46801},
    {"Chicago", "IL", 60601}, {"Milwaukee", "WI", 53201}, {"Madison", "WI", 53701}, {"Minneapolis", "MN", 55401},
    {"St. Paul", "MN", 55101}, {"Des Moines", "IA", 50301}, {"Omaha", "NE", 68101}, {"Lincoln", "NE", 68501},
    {"Kansas City", "MO", 64101}, {"St. Louis", "MO", 63101}, {"Tulsa", "OK", 74101}, {"Oklahoma City", "OK", 73101},
    {"Wichita", "KS", 67201}, {"Denver", "CO", 80201}, {"Colorado Springs", "CO", 80901}, {"Phoenix", "AZ", 85001},
    {"Tucson", "AZ", 85701}, {"Albuquerque", "NM", 87101}, {"Las Vegas", "NV", 89101}, {"Reno", "NV", 89501},
    {"San Diego", "CA", 92101}, {"Fresno", "CA", 93650}, {"Sacramento", "CA", 94203}, {"San José", "CA", 95101},
    {"Portland", "OR", 97201}, {"Salem", "OR", 97301}, {"Seattle", "WA", 98101}, {"Spokane", "WA", 99201},
    {"Boise", "ID", 83701}, {"Salt Lake City", "UT", 84101}, {"Pittsburgh", "PA", 15201}, {"Harrisburg", "PA", 17101},
    {"Philadelphia", "PA", 19101}, {"Buffalo", "NY", 14201}, {"Rochester", "NY", 14601}, {"Albany", "NY", 12201},
    {"Boston", "MA", 2108}, {"Worcester", "MA", 1601}, {"Providence", "RI", 2901}, {"Hartford", "CT", 6101},
    {"Richmond", "VA", 23218}, {"Norfolk", "VA", 23501}, {"Baltimore", "MD", 21201}, {"Cleveland", "OH", 44101},
    {"Cincinnati", "OH", 45201}, {"Detroit", "MI", 48201}, {"Grand Rapids", "MI", 49501}, {"Little Rock", "AR", 72201},
    {"Jackson", "MS", 39201}, {"Baton Rouge", "LA", 70801}};
static const char *const notes[] = {
    "First visit", "Would like a call", "Interested in the choir, and in youth work", "Prefers \"Bible study\" on Tuesdays",
    "Brought a friend", "Asked about baptism", "New in town; moved in last month", "Needs a ride on Sundays",
    "Wants to help with meals, set-up, or child care", "Allergic to nuts\nplease tell the kitchen", "Visitor",
    "Volunteered before", "Came with neighbours", "Prayer request: family, health", "No mail please"};
// clang-format on
static const char *const campuses[] = {"North", "South", "East", "West", "Downtown", "Online"};

struct names {
    name given[2][COUNT(given_male) + COUNT(given_female) + GIVEN_TAIL];
    uint32_t given_count;
    name family[COUNT(family_common) + FAMILY_TAIL];
    uint32_t family_count;
    char *tail; /* the composed names' bytes */
    size_t tail_size;
    name streets[COUNT(street_words) * COUNT(street_types)];
};

static uint64_t
text_hash(const char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    return hash;
}

/* Composes names until `count` different ones stand in `list`; the counter walks the syllables in mixed order. */
static uint32_t
compose(names *self, name *list, uint32_t filled, uint32_t count, const char *const *ends, uint32_t ends_count)
{
    enum { SEEN = 1 << 18 };
    uint64_t *seen = calloc(SEEN, sizeof *seen);
    assert(seen != NULL);
    for (uint64_t counter = 0; filled < count; counter++) {
        uint64_t n = counter * 7368787u; // odd and prime to every list's size: all combinations in scattered order
        char text[NAME_SIZE_MAX * 2];
        strcpy(text, starts[n % COUNT(starts)]);
        n /= COUNT(starts);
        strcat(text, middles[n % COUNT(middles)]);
        n /= COUNT(middles);
        if (n % 3 != 0) {
            strcat(text, joints[(n / 3) % COUNT(joints)]);
            if (n % 3 == 2)
                strcat(strcat(text, middles[(n / 48) % COUNT(middles)]), joints[(n / 1440) % COUNT(joints)]);
        } else
            strcat(text, joints[(n / 3) % COUNT(joints)]);
        strcat(text, ends[(n / 23040) % ends_count]);
        size_t size = strlen(text);
        if (size >= NAME_SIZE_MAX)
            continue;
        uint64_t hash = text_hash(text) | 1;
        uint32_t at = (uint32_t)(hash >> 40) % SEEN;
        while (seen[at] != 0 && seen[at] != hash)
            at = (at + 1) % SEEN;
        if (seen[at] == hash)
            continue;
        seen[at] = hash;
        char *copy = self->tail + self->tail_size;
        memcpy(copy, text, size + 1);
        self->tail_size += size + 1;
        list[filled++] = (name){copy, (uint32_t)size};
    }
    free(seen);
    return filled;
}

static uint32_t
take(name *list, const char *const *texts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        list[i] = (name){texts[i], (uint32_t)strlen(texts[i])};
    return count;
}

names *
names_new(void)
{
    names *self = calloc(1, sizeof *self);
    assert(self != NULL);
    size_t streets_size = COUNT(self->streets) * 32u;
    self->tail = malloc((FAMILY_TAIL + 2 * GIVEN_TAIL) * (size_t)NAME_SIZE_MAX + streets_size);
    assert(self->tail != NULL);
    uint32_t male = take(self->given[MALE], given_male, COUNT(given_male));
    uint32_t female = take(self->given[FEMALE], given_female, COUNT(given_female));
    self->given_count = (male < female ? male : female) + GIVEN_TAIL;
    compose(self, self->given[MALE], male, male + GIVEN_TAIL, male_ends, COUNT(male_ends));
    compose(self, self->given[FEMALE], female, female + GIVEN_TAIL, female_ends, COUNT(female_ends));
    uint32_t family = take(self->family, family_common, COUNT(family_common));
    self->family_count = compose(self, self->family, family, family + FAMILY_TAIL, family_ends, COUNT(family_ends));
    for (uint32_t i = 0; i < COUNT(self->streets); i++) {
        char *text = self->tail + self->tail_size;
        strcat(strcat(strcpy(text, street_words[i / COUNT(street_types)]), " "), street_types[i % COUNT(street_types)]);
        self->streets[i] = (name){text, (uint32_t)strlen(text)};
        self->tail_size += self->streets[i].size + 1;
    }
    return self;
}

void
names_destroy(names **table)
{
    if (*table == NULL)
        return;
    free((*table)->tail);
    free(*table);
    *table = NULL;
}

uint32_t
names_given_count(const names *table)
{
    return table->given_count;
}

uint32_t
names_family_count(const names *table)
{
    return table->family_count;
}

name
names_given(const names *table, sex which, uint32_t at)
{
    assert(at < table->given_count);
    return table->given[which][at];
}

name
names_family(const names *table, uint32_t at)
{
    assert(at < table->family_count);
    return table->family[at];
}

/* A draw from 0..count-1 whose density falls as the rank grows: the product of two uniform numbers. */
static uint32_t
skewed(uint64_t random, uint32_t count)
{
    uint64_t a = random & 0xffffffffu, b = random >> 32;
    return (uint32_t)((((a * b) >> 32) * count) >> 32);
}

uint32_t
names_draw_given(const names *table, uint64_t random)
{
    uint32_t common = table->given_count - GIVEN_TAIL;
    uint64_t mixed = random * 0x9e3779b97f4a7c15u;
    return random % 100 < 85 ? skewed(mixed, common) : common + skewed(mixed, GIVEN_TAIL);
}

uint32_t
names_draw_family(const names *table, uint64_t random)
{
    uint32_t common = table->family_count - FAMILY_TAIL;
    uint64_t mixed = random * 0x9e3779b97f4a7c15u;
    return random % 100 < 35 ? skewed(mixed, common) : common + skewed(mixed, FAMILY_TAIL);
}

const char *
names_nickname(name given)
{
    for (uint32_t i = 0; i < COUNT(nicknames); i++)
        if (strcmp(nicknames[i][0], given.text) == 0)
            return nicknames[i][1];
    return NULL;
}

const city *
names_city(uint64_t random)
{
    return &cities[skewed(random, COUNT(cities))];
}

/* Four of ten streets have one of the common names, the others one of their own, as towns have. */
size_t
names_street(const names *table, uint64_t random, char *out)
{
    bool common = random % 10 < 4;
    name word = common ? table->streets[random / 10 % COUNT(table->streets)]
                       : table->family[names_draw_family(table, random / 10)];
    memcpy(out, word.text, word.size);
    if (common) {
        out[word.size] = '\0';
        return word.size;
    }
    const char *type = street_types[(random >> 32) % COUNT(street_types)];
    return (size_t)(stpcpy(stpcpy(out + word.size, " "), type) - out);
}

const char *
names_campus(uint64_t random)
{
    return campuses[random % COUNT(campuses)];
}

const char *
names_note(uint64_t random)
{
    return notes[random % COUNT(notes)];
}
