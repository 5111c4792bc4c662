package contract

import (
	"bytes"
	"fmt"
	"strings"

	"loyaltyd/config"
	"loyaltyd/internal/settings"
	"loyaltyd/ledger"
)

// reference returns the page that lists every key, source and entry type.
func reference() []byte {
	var page bytes.Buffer
	page.WriteString(`<!-- Made by "make generate" from the tables in Go: change those. -->

# Reference

## Every key of the configuration

Each can stand in the file, in an environment variable (` + "`LOYALTYD_`" + ` and the path in
capitals, with ` + "`_`" + ` for ` + "`.`" + `) and behind ` + "`--set`" + `. A change of a versioned key counts only for
what happens from then on.

| key | default | holds | versioned | what it is for |
|---|---|---|---|---|
`)
	for _, k := range config.Table() {
		versioned := ""
		if k.Versioned {
			versioned = "yes"
		}
		row(&page, code(k.Path), code(k.Default), holds(k), versioned, about(k))
	}
	page.WriteString(`
## What points are for

A source is what an entry was posted for.

| source | shown as | its number is that of | entries | points are taken when |
|---|---|---|---|---|
`)
	for _, s := range ledger.Sources() {
		types := make([]string, len(s.Types))
		for i, t := range s.Types {
			types[i] = code(string(t))
		}
		row(&page, code(string(s.Source)), s.Label, objects[s.Object], strings.Join(types, " "), s.Deducted)
	}
	page.WriteString(`
## What an entry does

| type | shown as | points | pending | counts in |
|---|---|---|---|---|
`)
	for _, t := range ledger.Types() {
		figure := string(t.Figure)
		if t.Earned {
			figure += ", earned"
		}
		row(&page, code(string(t.Type)), t.Label, string(t.Points), string(t.Pending), figure)
	}
	return page.Bytes()
}

// objects says whose number the entries of a source carry.
var objects = map[ledger.Object]string{
	ledger.ObjectOrder:      "the order",
	ledger.ObjectReview:     "the review",
	ledger.ObjectComment:    "the comment",
	ledger.ObjectUser:       "the customer",
	ledger.ObjectRedemption: "the redemption",
	ledger.ObjectRequest:    "the request",
	ledger.ObjectAny:        "what it has to do with",
}

func row(page *bytes.Buffer, cells ...string) {
	for _, cell := range cells {
		fmt.Fprintf(page, "| %s ", strings.ReplaceAll(cell, "|", `\|`))
	}
	page.WriteString("|\n")
}

func code(text string) string {
	if text == "" || text == `""` {
		return ""
	}
	return "`" + text + "`"
}

// holds says in words what a key can hold.
func holds(k settings.Key) string {
	text := kind(k.Kind)
	if k.Unit != "" {
		text += ", in " + k.Unit
	}
	return text
}

func kind(k settings.Kind) string {
	switch k.Name {
	case "bool", "yes":
		return "true or false"
	case "choice":
		return words(k)
	case "either":
		return words(k) + ", or a list: " + kind(*k.Item)
	case "list":
		return "a list: " + kind(*k.Item)
	case "map":
		return "by " + kind(*k.Names) + ": " + kind(*k.Item)
	case "record":
		names := make([]string, len(k.Fields))
		for i, field := range k.Fields {
			names[i] = code(field.Name)
		}
		return strings.Join(names, ", ")
	case "whole", "decimal":
		text := map[string]string{"whole": "a whole number", "decimal": "a number"}[k.Name]
		switch {
		case k.Min != "" && k.Min != "0" && k.Max != "":
			text += " from " + k.Min + " to " + k.Max
		case k.Max != "":
			text += " up to " + k.Max
		case k.Min != "" && k.Min != "0":
			text += " of " + k.Min + " or more"
		}
		return text
	}
	if name, known := names[k.Name]; known {
		return name
	}
	return k.Name
}

// names are kinds in words.
var names = map[string]string{
	"text": "a text", "time": "a time", "user": "user id", "role": "role", "status": "status", "custom_status": "status",
	"currency": "code of a currency", "product": "product or variation id", "category": "category id",
	"dsn": "a DSN", "secret": "a secret", "table_prefix": "a prefix", "table_name": "a table", "schedule": "a cron line",
}

func words(k settings.Kind) string {
	all := make([]string, len(k.Options))
	for i, option := range k.Options {
		all[i] = code(option.Value)
	}
	return strings.Join(all, ", ")
}

// currency puts words for the code that the form shows.
var currency = strings.NewReplacer(
	"%s 1", "unit of the store's currency", "many %s", "many units of the store's currency", "%s", "the store's currency",
)

// about says what a key is for.
func about(k settings.Key) string {
	parts := []string{}
	add := func(text string) {
		text = currency.Replace(text)
		if text != "" {
			parts = append(parts, strings.TrimRight(text, ".:")+".")
		}
	}
	add(k.Label)
	add(k.Text)
	add(k.Help)
	if k.Needs != "" {
		add("Has an effect only with " + code(k.Needs))
	}
	if k.AtMost != "" {
		add("Not above " + code(k.AtMost))
	}
	if k.Example != "" {
		add("Example: " + code(k.Example))
	}
	return strings.Join(parts, " ")
}
