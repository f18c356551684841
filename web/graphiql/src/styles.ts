// All of the page's styles, in this order: Monaco's own come first so that GraphiQL can override them.
import './monaco';
import './styles.css';
