package testshop

// The names that Fill draws from: what shops meet, from plain to hostile.
var (
	firstNames = []string{
		"Anna", "Ben", "Chloé", "David", "Elif", "Fatima", "George", "Hana", "Igor", "Jürgen", "Kofi", "Lucía",
		"Mia", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Søren", "Tom", "Uma", "Vera", "Wei", "Ximena", "Yusuf", "Zoë",
		"太郎", "Мария", "نور", "지민", "אורי", "Đorđe", "🦊 Fox", "Bobby <b>Tables</b>",
	}
	lastNames = []string{
		"Adams", "O'Brien", "García", "Müller", "Nguyễn", "Schmidt", "Rossi", "Dubois", "Kowalska", "Yılmaz", "Okafor",
		"Jensen", "Novák", "Silva", "Ivanov", "Петрова", "山田", "김", "حداد", "כהן", "Smith & Sons",
		"\"Quote\" Back\\slash", "<script>alert(1)</script>", "van der Berg", "Æbelø",
	}
	countries      = []string{"US", "US", "US", "DE", "GB", "FR", "ES", "JP", "BR", "TR"}
	categoryNames  = []string{"Clothing", "T-Shirts", "Music", "Décor &amp; Küche", "Gadgets 🔌", "Gift Cards", "Книги", "お茶"}
	productNames   = []string{"Beanie", "Hoodie", "Album \"Best of\"", "USB Hub 🔌", "Poster", "Teapot 急須", "Scarf", "Mug <3", "Field Notes", "Lamp", "Wool Socks", "Candle", "Книга рецептов", "Desk Plant 🌵", "Gift Card", "Café Beans", "Puzzle", "Notebook", "Umbrella", "Kitchen Scale"}
	variationNames = []string{"S", "M", "L"}
	feeNames       = []string{"Gift wrap", "Express handling", "Small order fee"}
	couponCodes    = []string{"welcome10", "ten", "sommer-20", "vip<b>"}
	refundReasons  = []string{"", "Damaged in transit", "Changed mind", "Falsche Größe", "Too late 😡", "<b>wrong item</b>"}
	reviewTexts    = []string{"Lovely, would buy again.", "Nicht so gut…", "とても良い", "Five stars ⭐⭐⭐⭐⭐", "<p>Fits well</p>", "Отлично!", "Okay for the price."}
	postTitles     = []string{"Hello world!", "Winter news", "How we choose our tea", "Ten years of the shop 🎂", "Behind the scenes", "Ein Besuch in der Werkstatt", "Care guide", "Summer sale", "New arrivals", "Meet the makers"}
)
