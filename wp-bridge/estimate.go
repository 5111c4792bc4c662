package wpbridge

func estimate(x *exchange) (answer, error) {
	return answer{}, refuse(codeNotFound, "")
}
