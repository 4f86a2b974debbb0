// The table of files: filtered by a text, sorted by a column.

function makeIndex(index) {
  const rows = all("tbody tr", index), body = first("tbody", index), field = first(".narrow input", index);
  const heads = all("thead button", index);

  field.addEventListener("input", () => {
    const text = field.value.toLowerCase();
    rows.forEach((row) => (row.hidden = !first("a", row).textContent.toLowerCase().includes(text)));
    say(counted(rows.filter((row) => !row.hidden).length, "file"));
  });

  const value = (row, column) => {
    const cell = row.children[column];
    return cell.dataset.sort === undefined ? cell.textContent : Number.isNaN(Number(cell.dataset.sort)) ? cell.dataset.sort : Number(cell.dataset.sort);
  };
  heads.forEach((head, column) =>
    head.addEventListener("click", () => {
      const cell = head.parentElement, up = cell.getAttribute("aria-sort") === "descending" || column === 0 && !cell.hasAttribute("aria-sort");
      heads.forEach((one) => one.parentElement.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort((a, b) => {
        const [one, two] = [value(a, column), value(b, column)];
        const order = typeof one === "number" ? one - two : one.localeCompare(two);
        return up ? order : -order;
      });
      body.append(...rows);
    }),
  );
}
