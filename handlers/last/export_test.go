package last

// NewWith is New with a clock of the test's own.
var NewWith = newWith
