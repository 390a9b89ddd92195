package main

import (
	"github.com/openai/openai-go"
	"github.com/openai/openai-go/shared"
)

// toOpenAI returns a conversation as the endpoint wants it.
func toOpenAI(said conversation) []openai.ChatCompletionMessageParamUnion {
	list := []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(instructions)}
	for _, m := range said {
		switch m.Role {
		case "assistant":
			list = append(list, assistantToOpenAI(m))
		case "tool":
			text := m.Text
			if m.Failed != "" {
				text = "This has failed (" + m.Failed + "): " + text
			}
			list = append(list, openai.ToolMessage(text, m.Call))
		case "job": // of which the protocol knows nothing
			list = append(list, openai.UserMessage("A background job has ended. "+m.Text))
		default:
			list = append(list, openai.UserMessage(m.Text))
		}
	}
	return list
}

// assistantToOpenAI returns what the model has said itself.
func assistantToOpenAI(m message) openai.ChatCompletionMessageParamUnion {
	said := openai.ChatCompletionAssistantMessageParam{}
	if m.Text != "" || len(m.Calls) == 0 {
		said.Content.OfString = openai.String(m.Text)
	}
	for _, c := range m.Calls {
		if !c.hasObject() { // some endpoints refuse it, and so the whole conversation for good
			c.Arguments = "{}"
		}
		said.ToolCalls = append(said.ToolCalls, openai.ChatCompletionMessageToolCallParam{
			ID:       c.ID,
			Function: openai.ChatCompletionMessageToolCallFunctionParam{Name: c.Name, Arguments: c.Arguments},
		})
	}
	return openai.ChatCompletionMessageParamUnion{OfAssistant: &said}
}

// fromOpenAI returns what the model says now.
func fromOpenAI(said openai.ChatCompletionMessage) message {
	m := message{Role: "assistant", Text: said.Content}
	if said.Refusal != "" {
		m.Text = said.Refusal
	}
	for _, c := range said.ToolCalls {
		m.Calls = append(m.Calls, call{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
	}
	return m
}

// toolsToOpenAI returns the tools as the endpoint wants them.
func toolsToOpenAI(tools []tool) (list []openai.ChatCompletionToolParam) {
	for _, t := range tools {
		list = append(list, openai.ChatCompletionToolParam{Function: shared.FunctionDefinitionParam{
			Name:        t.Name,
			Description: openai.String(t.Description),
			Parameters:  t.Parameters,
		}})
	}
	return list
}
