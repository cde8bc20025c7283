//go:build !linux

package exec_test

// parent names nothing where no child ends with its parent.
const parent = "EXEC_TEST_PARENT"

func beParent() {}
