package dataset

// Made by testdata/rowhash.py.
const (
	goldenA5        = 0xc50a3646f5e4f72d
	goldenB5        = 0xe6b3bff9af50605b
	goldenTenth     = 0x72391d655e82bc9f
	goldenZero      = 0x2095208513466220
	goldenText      = 0xea0f4913317fd5d0
	goldenBlankText = 0xb8e9c1a3882ee69e
	goldenUnicode   = 0xb5eabf6c5ed54bf3
	goldenTrue      = 0x9af7c9cfe01bca22
	goldenRow       = 0x1fc2f86dad67b1fe
	goldenTime      = 0x66e03f1a354a4282
)
